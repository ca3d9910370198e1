import { deflateSync } from 'node:zlib'
import { encodePng } from '../../examples/demo/palette-png.ts'

/** Images of 16 × 8 pixels, as encoders write them. */
const JPEG =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wgARCAAIABADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAT/xAAUAQEAAAAAAAAAAAAAAAAAAAAD/9oADAMBAAIQAxAAAAGcOH//xAAUEAEAAAAAAAAAAAAAAAAAAAAQ/9oACAEBAAEFAj//xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oACAEDAQE/AX//xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oACAECAQE/AX//xAAUEAEAAAAAAAAAAAAAAAAAAAAQ/9oACAEBAAY/Aj//xAAUEAEAAAAAAAAAAAAAAAAAAAAQ/9oACAEBAAE/IT//2gAMAwEAAgADAAAAEP8A/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAgBAwEBPxB//8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAgBAgEBPxB//8QAFBABAAAAAAAAAAAAAAAAAAAAEP/aAAgBAQABPxA//9k='
const WEBP_LOSSY = 'UklGRjQAAABXRUJQVlA4ICgAAACQAQCdASoQAAgABABoJaACdLoAA5gA/us2/7UwSRmFv4rfUDNIAAAA'
const WEBP_LOSSLESS = 'UklGRh4AAABXRUJQVlA4TBEAAAAvD8ABAAdQri60tf+BiOh/AAA='
/** With transparency, and with Exif that names a camera. */
const WEBP_EXIF =
  'UklGRoIAAABXRUJQVlA4WAoAAAAYAAAADwAABwAAQUxQSAoAAAABB1DAiAhERP8DVlA4ICgAAACQAQCdASoQAAgABABoJaACdLoAA5gA/us2/7UwSRmFv4rfUDNIAAAARVhJRiIAAABNTQAqAAAACAABAQ8AAgAAAAcAAAAaAAAAAENhbWVyYQAA'
const WEBP_ANIMATED =
  'UklGRqwAAABXRUJQVlA4WAoAAAACAAAADwAABwAAQU5JTQYAAAAAAAAAAABBTk1GSAAAAAAAAAAAAA8AAAcAAGQAAAJWUDggMAAAADABAJ0BKhAACAABQCYloAADcAD+8ut///pNn/9Js//pNnySP//nYP/vR/6Y+MwAAEFOTUYwAAAAAAAAAAAADwAABwAAZAAAAFZQOCAYAAAANAEAnQEqEAAIAAAAJiWkAANwAP79IFAA'

export const IMAGES = {
  jpeg: Buffer.from(JPEG, 'base64'),
  webpLossy: Buffer.from(WEBP_LOSSY, 'base64'),
  webpLossless: Buffer.from(WEBP_LOSSLESS, 'base64'),
  webpExif: Buffer.from(WEBP_EXIF, 'base64'),
  webpAnimated: Buffer.from(WEBP_ANIMATED, 'base64'),
}

const GREY = 0

/** A grey PNG, with more chunks before its data. The header may lie about the size. */
export function pngOf(
  width: number,
  height: number,
  chunks: readonly (readonly [type: string, body: Buffer])[] = [],
): Buffer {
  const rows = Buffer.alloc(Math.min(height, 64) * (1 + Math.min(width, 64)), 0x60)
  for (let row = 0; row < rows.length; row += 1 + Math.min(width, 64)) rows[row] = 0
  return encodePng({ width, height, colorType: GREY }, [...chunks, ['IDAT', deflateSync(rows)]])
}
