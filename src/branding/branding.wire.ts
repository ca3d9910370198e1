import { type Static, Type } from 'typebox'
import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from '../http/problem.ts'
import { iso, Moment, nullable, shownText, strictObject } from '../http/wire.ts'
import { accentOn, roundedRatio, type Scheme } from './accent.ts'
import { logoFileOf } from './brand-files.ts'
import type { Branding, BrandingUpdate } from './branding.ts'
import { type LogoRefusal, MAX_LOGO_BYTES, MAX_LOGO_SIDE, readLogo } from './logo.ts'

const MAX_NAME = 60
/** More than a logo may have, so that one that is too large is refused with its size. */
const MAX_BASE64 = 200_000

/** A host and what follows, in ASCII; without user and password, which make a link look like another host's. */
const HTTPS =
  'https://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\\d{1,5})?(?:[/?#][!#-;=?A-\\[\\]_a-z~]*)?'
/** One address and no headers of the mail. */
const MAILTO = 'mailto:[A-Za-z0-9._+-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?'
const PageUrl = (description: string) =>
  nullable(Type.String({ pattern: `^${HTTPS}$`, maxLength: 300, description: `${description}. https` }))

const said = {
  product_name: nullable(shownText(MAX_NAME, 'Shown on pages instead of the host')),
  accent_color: nullable(
    Type.String({ pattern: '^#[0-9a-fA-F]{6}$', maxLength: 7, description: 'Of buttons and links: #rrggbb' }),
  ),
  logo: nullable(
    Type.String({
      pattern: '^[A-Za-z0-9+/]+={0,2}$',
      maxLength: MAX_BASE64,
      description: `A PNG, JPEG or WebP in base64: at most ${MAX_LOGO_BYTES} bytes, and ${MAX_LOGO_SIDE} pixels on each side`,
    }),
  ),
  support_url: nullable(
    Type.String({
      pattern: `^(?:${HTTPS}|${MAILTO})$`,
      maxLength: 300,
      description: 'Where users get help. https or mailto',
    }),
  ),
  privacy_url: PageUrl('Your privacy policy'),
  terms_url: PageUrl('Your terms of service'),
}

/** Fields that are missing stay as they are; null removes. */
export const BrandingChangeWire = strictObject(Type.Partial(Type.Object(said)).properties)

const Ratio = (description: string) => Type.Number({ description })
const AccentWire = Type.Object({
  used: Type.String({ description: 'The given colour, or one near it that can be read there' }),
  text: Type.String({ description: 'Of text on it: black or white' }),
  given_contrast: Ratio('Of the given colour on the page'),
  contrast: Ratio('Of the used colour on the page: 4.5 or more'),
  text_contrast: Ratio('Of text on the used colour'),
})

export const BrandingWire = Type.Object({
  product_name: nullable(Type.String()),
  accent_color: nullable(Type.String()),
  accent: nullable(Type.Object({ light: AccentWire, dark: AccentWire })),
  logo: nullable(
    Type.Object({
      url: Type.String({ description: 'Public; another image has another URL' }),
      media_type: Type.String(),
      width: Type.Integer(),
      height: Type.Integer(),
      bytes: Type.Integer(),
    }),
  ),
  support_url: nullable(Type.String()),
  privacy_url: nullable(Type.String()),
  terms_url: nullable(Type.String()),
  changed_at: nullable(Moment),
})

export function toBrandingWire(branding: Branding, publicUrl: string) {
  const { accentColor, logo } = branding
  return {
    product_name: branding.productName,
    accent_color: accentColor,
    accent:
      accentColor === null
        ? null
        : { light: toAccentWire('light', accentColor), dark: toAccentWire('dark', accentColor) },
    logo: logo === null ? null : { url: publicUrl + logoFileOf(logo).path, ...toLogoFacts(logo) },
    support_url: branding.supportUrl,
    privacy_url: branding.privacyUrl,
    terms_url: branding.termsUrl,
    changed_at: iso(branding.changedAt),
  }
}

function toLogoFacts(logo: NonNullable<Branding['logo']>) {
  const { width, height, bytes } = logo
  return { media_type: logoFileOf(logo).type, width, height, bytes: bytes.length }
}

function toAccentWire(scheme: Scheme, color: string) {
  const { used, text, givenContrast, contrast, textContrast } = accentOn(scheme, color)
  return {
    used,
    text,
    given_contrast: roundedRatio(givenContrast),
    contrast: roundedRatio(contrast),
    text_contrast: roundedRatio(textContrast),
  }
}

export function fromBrandingChange(body: Static<typeof BrandingChangeWire>): Result<BrandingUpdate, Problem> {
  const logo = body.logo == null ? yes(body.logo) : readLogo(Buffer.from(body.logo, 'base64'))
  if (!logo.ok) return no(unusable(logo.no))
  return yes({
    productName: body.product_name,
    accentColor: body.accent_color?.toLowerCase() ?? (body.accent_color === null ? null : undefined),
    logo: logo.value,
    supportUrl: body.support_url,
    privacyUrl: body.privacy_url,
    termsUrl: body.terms_url,
  })
}

function unusable(refusal: LogoRefusal): Problem {
  const message = faultOf(refusal)
  return problem('unusable_logo', `Nothing was changed. ${message}`, { faults: [{ at: '/logo', message }] })
}

function faultOf(refusal: LogoRefusal): string {
  switch (refusal.why) {
    case 'too_many_bytes':
      return `The logo has ${refusal.bytes} bytes; at most ${MAX_LOGO_BYTES} are allowed.`
    case 'svg':
      return 'The logo is an SVG. An SVG is a document that can carry script: send a PNG, JPEG or WebP.'
    case 'unknown_format':
      return 'The logo is not a PNG, JPEG or WebP: its first bytes are of neither.'
    case 'damaged':
      return `The logo begins like a ${refusal.format.toUpperCase()}, but is damaged, animated, or goes on after its end.`
    case 'too_large':
      return `The logo has ${refusal.width} × ${refusal.height} pixels; each side may have 1 to ${MAX_LOGO_SIDE}.`
  }
}
