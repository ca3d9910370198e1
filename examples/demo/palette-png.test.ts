import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, deflateSync, inflateSync } from 'node:zlib'
import { withPalette } from './palette-png.ts'

const RED = [200, 10, 10]
const GREY = [120, 120, 120]

/** 2 × 4 RGB pixels, red and grey in each row, with every filter that a browser uses. */
function example(): Buffer {
  const [left, right] = [RED, GREY]
  const minus = (a: readonly number[], b: readonly number[]) =>
    a.map((value, at) => (value - (b[at] ?? 0)) & 255)
  const half = (a: readonly number[], b: readonly number[]) =>
    a.map((value, at) => (value + (b[at] ?? 0)) >> 1)
  const none = [0, 0, 0]
  const rows = [
    [1, ...left, ...minus(right, left)],
    [2, ...none, ...none],
    [3, ...minus(left, half(none, left)), ...minus(right, half(left, right))],
    [4, ...none, ...none],
  ]
  const header = Buffer.from([0, 0, 0, 2, 0, 0, 0, 4, 8, 2, 0, 0, 0])
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const parts = [
    ['IHDR', header],
    ['IDAT', deflateSync(Buffer.from(rows.flat()))],
    ['IEND', Buffer.alloc(0)],
  ] as const
  return Buffer.concat([signature, ...parts.map(([type, body]) => chunk(type, body))])
}

function chunk(type: string, body: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(body.length)
  sum.writeUInt32BE(crc32(typed))
  return Buffer.concat([length, typed, sum])
}

test('a picture with few colours gets a palette, and every pixel keeps its colour', () => {
  const png = withPalette(example())
  const bodyOf = (type: string) => {
    const at = png.indexOf(type, 0, 'latin1')
    return png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4))
  }
  const palette = bodyOf('PLTE')
  const rows = inflateSync(bodyOf('IDAT'))
  const colours = [0, 1, 2, 3].map((y) =>
    [1, 2].map((x) => {
      const index = (rows[y * 3 + x] ?? 0) * 3
      return [...palette.subarray(index, index + 3)]
    }),
  )
  assert.deepEqual(
    colours,
    [0, 1, 2, 3].map(() => [RED, GREY]),
  )
})
