import { no, type Result, yes } from '../base/result.ts'
import type { Drawn } from './drawn-image.ts'
import { readJpeg } from './jpeg-logo.ts'
import { readPng } from './png-logo.ts'
import { readWebp } from './webp-logo.ts'

/** A logo on pages for people: an image without metadata. */
export interface Logo extends Drawn {
  readonly format: LogoFormat
}

export const LOGO_FORMATS = ['png', 'jpeg', 'webp'] as const
export type LogoFormat = (typeof LOGO_FORMATS)[number]

export const MAX_LOGO_BYTES = 65_536
/** Of each side, in pixels: pages show it some 40 pixels high, and a browser decodes it into four bytes a pixel. */
export const MAX_LOGO_SIDE = 1024

/** Why an image cannot be the logo, with the evidence. */
export type LogoRefusal =
  | { readonly why: 'too_many_bytes'; readonly bytes: number }
  | { readonly why: 'svg' }
  | { readonly why: 'unknown_format' }
  | { readonly why: 'damaged'; readonly format: LogoFormat }
  | { readonly why: 'too_large'; readonly width: number; readonly height: number }

/**
 * Reads a logo, and refuses what is damaged or goes on after its end. Its format is what its first bytes say, never what the caller says. Only the parts that draw the image are
 * kept: no text, no place where a photo was taken, nothing after its end that another program could read as something else.
 */
export function readLogo(file: Uint8Array): Result<Logo, LogoRefusal> {
  if (file.length > MAX_LOGO_BYTES) return no({ why: 'too_many_bytes', bytes: file.length })
  const format = formatOf(file)
  if (format === null) return no({ why: looksLikeSvg(file) ? 'svg' : 'unknown_format' })
  const drawn = READERS[format](file)
  if (drawn === null) return no({ why: 'damaged', format })
  const { width, height } = drawn
  if (Math.min(width, height) < 1 || Math.max(width, height) > MAX_LOGO_SIDE)
    return no({ why: 'too_large', width, height })
  return yes({ ...drawn, format })
}

const READERS: Readonly<Record<LogoFormat, (file: Uint8Array) => Drawn | null>> = {
  png: readPng,
  jpeg: readJpeg,
  webp: readWebp,
}

/** Signatures of PNG, JPEG (its start, and the next marker) and WebP (RFC 9649). */
function formatOf(file: Uint8Array): LogoFormat | null {
  const first = String.fromCharCode(...file.subarray(0, 12))
  if (first.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (first.startsWith('\xff\xd8\xff')) return 'jpeg'
  return first.startsWith('RIFF') && first.endsWith('WEBP') ? 'webp' : null
}

/** For the words of the refusal only: an SVG is a document, and can carry script and links. */
function looksLikeSvg(file: Uint8Array): boolean {
  const text = new TextDecoder().decode(file.subarray(0, 2048))
  return /<svg[\s/>]|<\?xml/i.test(text)
}
