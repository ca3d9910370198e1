import { type Drawn, joined } from './drawn-image.ts'

/** Chunks that draw a still image (PNG, third edition). Text, times, Exif, profiles and animation are left out. */
const DRAWING: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'IDAT', 'IEND'])
const SIGNATURE_BYTES = 8
/** Length, type and checksum around the content of a chunk. */
const AROUND = 12

/** Reads a PNG. Null: it is damaged, or goes on after its end. */
export function readPng(file: Uint8Array): Drawn | null {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const kept = [file.subarray(0, SIGNATURE_BYTES)]
  const types: string[] = []
  for (let at = SIGNATURE_BYTES; at < file.length; ) {
    if (at + AROUND > file.length) return null
    const end = at + AROUND + view.getUint32(at)
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8))
    if (end > file.length || (type === 'IEND') !== (end === file.length)) return null
    if ((type === 'IHDR') !== (at === SIGNATURE_BYTES)) return null
    if (DRAWING.has(type)) kept.push(file.subarray(at, end))
    types.push(type)
    at = end
  }
  // The header's content has 13 bytes: width and height first.
  if (view.byteLength < SIGNATURE_BYTES + AROUND + 13 || view.getUint32(SIGNATURE_BYTES) !== 13) return null
  if (!types.includes('IDAT') || types.at(-1) !== 'IEND') return null
  return { bytes: joined(kept), width: view.getUint32(16), height: view.getUint32(20) }
}
