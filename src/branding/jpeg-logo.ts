import { type Drawn, joined } from './drawn-image.ts'

const END = 0xd9
const START_OF_SCAN = 0xda
const COMMENT = 0xfe
/** Application segments are 0xe0 to 0xef. Adobe's says how colours are stored; with its length it has 14 bytes. */
const ADOBE = 0xee
const ADOBE_BYTES = 14

/**
 * Reads a JPEG (ITU-T T.81, annex B). Null: it is damaged, or goes on after its end. Comments and segments of applications
 * are left out: Exif has the place and the device of a photo.
 */
export function readJpeg(file: Uint8Array): Drawn | null {
  const kept = [file.subarray(0, 2)]
  let size: { width: number; height: number } | null = null
  let hasScan = false
  for (let at = 2; at < file.length; ) {
    const marker = file[at + 1] ?? 0
    if (file[at] !== 0xff || marker < 0xc0) return null
    if (marker === END) {
      if (at + 2 !== file.length || size === null || !hasScan) return null
      return { bytes: joined([...kept, file.subarray(at)]), ...size }
    }
    // The length counts its own two bytes.
    const length = wordAt(file, at + 2)
    let end = at + 2 + length
    if (length < 2 || end > file.length) return null
    if (isFrame(marker)) {
      // A second frame could be larger than the one that was measured.
      if (size !== null || length < 8) return null
      size = { height: wordAt(file, at + 5), width: wordAt(file, at + 7) }
    }
    if (marker === START_OF_SCAN) {
      hasScan = true
      end = endOfScan(file, end)
    }
    if (isDrawing(marker, length)) kept.push(file.subarray(at, end))
    at = end
  }
  return null
}

function isDrawing(marker: number, length: number): boolean {
  if (marker === ADOBE) return length === ADOBE_BYTES
  return marker !== COMMENT && (marker < 0xe0 || marker > 0xef)
}

/** Start of a frame: 0xc0 to 0xcf, but for tables (0xc4, 0xcc) and an extension (0xc8). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
}

/** Coded data goes on until a marker: 0xff00 is a byte of data, and 0xffd0 to 0xffd7 restart the decoder. */
function endOfScan(file: Uint8Array, from: number): number {
  let at = from
  while (at < file.length) {
    const next = file[at + 1] ?? 0
    if (file[at] === 0xff && next !== 0 && (next < 0xd0 || next > 0xd7)) return at
    at += 1
  }
  return at
}

function wordAt(file: Uint8Array, at: number): number {
  return ((file[at] ?? 0) << 8) | (file[at + 1] ?? 0)
}
