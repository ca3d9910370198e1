import { createHash } from 'node:crypto'
import { accentOn, type Color } from './accent.ts'
import type { Logo, LogoFormat } from './logo.ts'

/** A file of the branding under a name with its hash, so that caches may keep it forever. */
export interface BrandFile {
  readonly path: string
  readonly type: string
  readonly content: Buffer
}

/** Below `PUBLIC_URL`. */
export const BRAND_FILES = '/brand'

const LOGO_TYPES: Readonly<Record<LogoFormat, readonly [type: string, ending: string]>> = {
  png: ['image/png', 'png'],
  jpeg: ['image/jpeg', 'jpg'],
  webp: ['image/webp', 'webp'],
}

export function logoFileOf({ bytes, format }: Logo): BrandFile {
  const [type, ending] = LOGO_TYPES[format]
  return fileOf('logo', type, ending, Buffer.from(bytes))
}

/** The style sheet of a colour: the CSP of pages forbids inline styles. */
export function accentFileOf(color: Color): BrandFile {
  const rules = `:root{${declared('light', color)}}\n@media (prefers-color-scheme:dark){:root{${declared('dark', color)}}}\n`
  return fileOf('accent', 'text/css; charset=utf-8', 'css', Buffer.from(rules))
}

function declared(scheme: 'light' | 'dark', color: Color): string {
  const { used, text, deep } = accentOn(scheme, color)
  return `--accent:${used};--accent-deep:${deep};--on-accent:${text}`
}

/** Half of the hash: nothing depends on collisions but a cache of our own files. */
export function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32)
}

function fileOf(kind: string, type: string, ending: string, content: Buffer): BrandFile {
  return { path: `${BRAND_FILES}/${kind}-${hashOf(content)}.${ending}`, type, content }
}
