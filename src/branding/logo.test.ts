import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { IMAGES, pngOf } from './logo.fixture.ts'
import { type LogoRefusal, MAX_LOGO_BYTES, readLogo } from './logo.ts'

const SCRIPT = Buffer.from('<script>alert(1)</script>')
const after = (image: Buffer) => Buffer.concat([image, SCRIPT])
/** A segment after the start of a JPEG. */
const withSegment = (marker: number, body: Buffer) => {
  const length = Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255])
  return Buffer.concat([IMAGES.jpeg.subarray(0, 2), length, body, IMAGES.jpeg.subarray(2)])
}
const resizedRiff = (image: Buffer) => {
  const copy = Buffer.from(image)
  copy.writeUInt32LE(copy.length - 8, 4)
  return copy
}
const changed = (image: Buffer, at: number, byte: number) => {
  const copy = Buffer.from(image)
  copy[at] = byte
  return copy
}

describe('reading a logo', () => {
  for (const [what, file, format, width, height] of [
    ['a PNG', pngOf(32, 16), 'png', 32, 16],
    ['the largest PNG', pngOf(1024, 1024), 'png', 1024, 1024],
    ['a progressive JPEG', IMAGES.jpeg, 'jpeg', 16, 8],
    ['a lossy WebP', IMAGES.webpLossy, 'webp', 16, 8],
    ['a lossless WebP', IMAGES.webpLossless, 'webp', 16, 8],
    ['a WebP with transparency', IMAGES.webpExif, 'webp', 16, 8],
  ] as const)
    it(`takes ${what}, by its content`, () => {
      const read = readLogo(file)
      assert.ok(read.ok)
      const { bytes, ...facts } = read.value
      assert.deepEqual(facts, { format, width, height })
      const again = readLogo(bytes)
      assert.ok(again.ok)
      assert.deepEqual(again.value, read.value)
    })

  for (const [what, file, why] of [
    ['nothing', Buffer.alloc(0), 'unknown_format'],
    ['text', SCRIPT, 'unknown_format'],
    ['a GIF', Buffer.from('GIF89a\x01\x00\x01\x00', 'latin1'), 'unknown_format'],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'), 'svg'],
    ['an SVG after a declaration', Buffer.from('\ufeff<?xml version="1.0"?>\n<svg/>'), 'svg'],
    ['a RIFF that is no WebP', Buffer.from('RIFF\x04\x00\x00\x00WAVE', 'latin1'), 'unknown_format'],
    ['too many bytes', Buffer.concat([pngOf(8, 8), Buffer.alloc(MAX_LOGO_BYTES)]), 'too_many_bytes'],
    ['a PNG with HTML after its end', after(pngOf(8, 8)), 'damaged'],
    ['a JPEG with HTML after its end', after(IMAGES.jpeg), 'damaged'],
    ['a WebP with HTML after its end', after(IMAGES.webpLossy), 'damaged'],
    ['a WebP whose length covers the HTML after its end', resizedRiff(after(IMAGES.webpLossy)), 'damaged'],
    ['a PNG without an end', pngOf(8, 8).subarray(0, -12), 'damaged'],
    ['a PNG that is only a signature', pngOf(8, 8).subarray(0, 8), 'damaged'],
    ['a JPEG without an end', IMAGES.jpeg.subarray(0, -2), 'damaged'],
    ['a JPEG without an image', Buffer.from([0xff, 0xd8, 0xff, 0xd9]), 'damaged'],
    ['a WebP without an image', resizedRiff(IMAGES.webpLossy.subarray(0, 12)), 'damaged'],
    ['an animated WebP', IMAGES.webpAnimated, 'damaged'],
    ['a WebP whose canvas is larger than its image', changed(IMAGES.webpExif, 25, 0xff), 'damaged'],
    ['a PNG of 1025 pixels', pngOf(1025, 8), 'too_large'],
    ['a PNG of four thousand million pixels', pngOf(8, 0xffffffff), 'too_large'],
    ['a PNG without width', pngOf(0, 8), 'too_large'],
    [
      'a JPEG of 65288 pixels',
      changed(IMAGES.jpeg, IMAGES.jpeg.indexOf('ffc20011', 0, 'hex') + 5, 0xff),
      'too_large',
    ],
  ] as const satisfies readonly (readonly [string, Buffer, LogoRefusal['why']])[])
    it(`refuses ${what}`, () => {
      const read = readLogo(file)
      assert.equal(read.ok ? 'taken' : read.no.why, why)
    })

  for (const [what, file, hidden] of [
    ['text in a PNG', pngOf(8, 8, [['tEXt', Buffer.concat([Buffer.from('Comment\0'), SCRIPT])]]), SCRIPT],
    ['an unknown chunk of a PNG', pngOf(8, 8, [['scRp', SCRIPT]]), SCRIPT],
    ['Exif in a PNG', pngOf(8, 8, [['eXIf', Buffer.from('Camera')]]), Buffer.from('Camera')],
    ['a comment in a JPEG', withSegment(0xfe, SCRIPT), SCRIPT],
    ['Exif in a JPEG', withSegment(0xe1, Buffer.from('Exif\0\0Camera')), Buffer.from('Camera')],
    ['a segment in a JPEG that pretends to be Adobe’s', withSegment(0xee, SCRIPT), SCRIPT],
    ['Exif in a WebP', IMAGES.webpExif, Buffer.from('Camera')],
  ] as const)
    it(`WEB-08: leaves out ${what}`, () => {
      assert.ok(file.includes(hidden))
      const read = readLogo(file)
      assert.ok(read.ok)
      assert.equal(Buffer.from(read.value.bytes).includes(hidden), false)
    })

  it('never throws, and keeps only what it would take again', () => {
    const images = [pngOf(8, 8), ...Object.values(IMAGES)]
    const hostile = fc
      .tuple(
        fc.constantFrom(...images),
        fc.array(fc.tuple(fc.nat(700), fc.nat(255)), { maxLength: 8 }),
        fc.nat(700),
      )
      .map(([image, changes, end]) => {
        const copy = Buffer.from(image)
        for (const [at, byte] of changes) if (at < copy.length) copy[at] = byte
        return end % 3 === 0 ? copy.subarray(0, end) : copy
      })
    fc.assert(
      fc.property(fc.oneof(hostile, fc.uint8Array({ maxLength: 200 })), (file) => {
        const read = readLogo(file)
        if (!read.ok) return
        assert.ok(read.value.bytes.length <= file.length)
        assert.deepEqual(readLogo(read.value.bytes), read)
      }),
      { numRuns: 2000 },
    )
  })
})
