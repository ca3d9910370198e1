import type { Static } from 'typebox'
import type { BrandingChangeWire } from '../../../src/branding/branding.wire.ts'
import type { Logo } from '../../../src/branding/logo.ts'
import type { Branding } from './branding.queries.ts'

/** The branding as it is being written. */
export interface BrandingDraft {
  readonly productName: string
  readonly accentColor: string
  readonly supportUrl: string
  readonly privacyUrl: string
  readonly termsUrl: string
  /** In base64; null: none; `kept`: the stored one. */
  readonly logo: 'kept' | null | { readonly base64: string; readonly type: string }
}

export type BrandingBody = Static<typeof BrandingChangeWire>

export function draftOf(branding: Branding): BrandingDraft {
  return {
    productName: branding.product_name ?? '',
    accentColor: branding.accent_color ?? '',
    supportUrl: branding.support_url ?? '',
    privacyUrl: branding.privacy_url ?? '',
    termsUrl: branding.terms_url ?? '',
    logo: 'kept',
  }
}

/** Only what is different: another person may have changed the rest meanwhile. */
export function bodyOf(draft: BrandingDraft, branding: Branding): BrandingBody {
  const texts = {
    product_name: draft.productName,
    accent_color: draft.accentColor.toLowerCase(),
    support_url: draft.supportUrl,
    privacy_url: draft.privacyUrl,
    terms_url: draft.termsUrl,
  } as const
  const changed = Object.entries(texts).flatMap(([field, text]) => {
    const value = text.trim() === '' ? null : text.trim()
    return value === branding[field as keyof typeof texts] ? [] : [[field, value]]
  })
  const hasOtherLogo = draft.logo !== 'kept' && (draft.logo !== null || branding.logo !== null)
  return {
    ...Object.fromEntries(changed),
    ...(hasOtherLogo ? { logo: draft.logo === null ? null : draft.logo.base64 } : {}),
  }
}

export function isColor(text: string): boolean {
  return /^#[0-9a-f]{6}$/i.test(text)
}

export function chosenLogo({ bytes, format }: Logo): { base64: string; type: string } {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return { base64: btoa(text), type: `image/${format}` }
}
