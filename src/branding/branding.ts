import type { Color } from './accent.ts'
import type { Logo } from './logo.ts'

/** The API provider's name, logo, colour and links on pages for people. Null: not set. */
export interface Branding {
  /** Shown instead of the host. */
  readonly productName: string | null
  readonly accentColor: Color | null
  readonly logo: Logo | null
  /** https or mailto. */
  readonly supportUrl: string | null
  readonly privacyUrl: string | null
  readonly termsUrl: string | null
  /** Null: never changed. */
  readonly changedAt: Date | null
}

/** Fields in a request; undefined ones stay as they are. */
export type BrandingUpdate = {
  readonly [Field in Exclude<keyof Branding, 'changedAt'>]?: Branding[Field] | undefined
}
