import { type Drawn, joined } from './drawn-image.ts'

const HEADER_BYTES = 12
/** Flags of the extended header that stay: transparency. Profile, Exif, XMP and animation go. */
const ALPHA = 0x10

interface Size {
  readonly width: number
  readonly height: number
}

/**
 * Reads a WebP with one image (RFC 9649). Null: it is damaged, animated, or goes on after its end. Chunks that draw
 * nothing are left out.
 */
export function readWebp(file: Uint8Array): Drawn | null {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length < HEADER_BYTES || view.getUint32(4, true) + 8 !== file.length) return null
  const kept: Uint8Array[] = []
  let canvas: Size | null = null
  let image: Size | null = null
  for (let at = HEADER_BYTES; at < file.length; ) {
    if (at + 8 > file.length) return null
    const type = String.fromCharCode(...file.subarray(at, at + 4))
    const length = view.getUint32(at + 4, true)
    // A chunk of odd length is followed by one byte more.
    const end = at + 8 + length + (length % 2)
    if (end > file.length || type === 'ANIM' || type === 'ANMF') return null
    const content = file.subarray(at + 8, at + 8 + length)
    if (type === 'VP8X') {
      if (at !== HEADER_BYTES || length !== 10) return null
      canvas = { width: 1 + threeBytes(content, 4), height: 1 + threeBytes(content, 7) }
      const header = file.slice(at, end)
      header[8] = (header[8] ?? 0) & ALPHA
      kept.push(header)
    } else if (type === 'VP8 ' || type === 'VP8L') {
      if (image !== null) return null
      image = type === 'VP8 ' ? lossySize(content) : losslessSize(content)
      if (image === null) return null
      kept.push(file.subarray(at, end))
    } else if (type === 'ALPH') kept.push(file.subarray(at, end))
    at = end
  }
  if (image === null) return null
  if (canvas !== null && (canvas.width !== image.width || canvas.height !== image.height)) return null
  const bytes = joined([file.subarray(0, HEADER_BYTES), ...kept])
  new DataView(bytes.buffer).setUint32(4, bytes.length - 8, true)
  return { bytes, ...image }
}

/** Frame header of VP8 (RFC 6386): a key frame, the start code, then 14 bits each. */
function lossySize(content: Uint8Array): Size | null {
  const [tag = 1, , , a, b, c, w0 = 0, w1 = 0, h0 = 0, h1 = 0] = content
  if (content.length < 10 || (tag & 1) !== 0 || a !== 0x9d || b !== 0x01 || c !== 0x2a) return null
  return { width: ((w1 << 8) | w0) & 0x3fff, height: ((h1 << 8) | h0) & 0x3fff }
}

/** Header of a lossless image: a signature, then width and height less one, 14 bits each. */
function losslessSize(content: Uint8Array): Size | null {
  const [signature, b0 = 0, b1 = 0, b2 = 0, b3 = 0] = content
  if (content.length < 5 || signature !== 0x2f) return null
  const bits = b0 | (b1 << 8) | (b2 << 16) | (b3 << 24)
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) }
}

function threeBytes(content: Uint8Array, at: number): number {
  return (content[at] ?? 0) | ((content[at + 1] ?? 0) << 8) | ((content[at + 2] ?? 0) << 16)
}
