import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import type { Caller } from '../management/caller.ts'
import { hashOf } from './brand-files.ts'
import { lockBranding, putBranding } from './branding.store.ts'
import type { Branding, BrandingUpdate } from './branding.ts'
import type { Logo } from './logo.ts'

/** Changes the branding. The audit event has each changed field before and after; nothing changed: no event. */
export async function changeBranding(tx: Tx, caller: Caller, update: BrandingUpdate): Promise<Branding> {
  const before = await lockBranding(tx)
  const set = Object.fromEntries(Object.entries(update).filter(([, value]) => value !== undefined))
  const after = { ...before, ...set, changedAt: caller.now }
  const [from, to] = [factsOf(before), factsOf(after)]
  const changed = FIELDS.filter((field) => JSON.stringify(from[field]) !== JSON.stringify(to[field]))
  if (changed.length === 0) return before
  await putBranding(tx, after)
  await record(tx, caller, {
    action: 'branding.changed',
    target: { id: 'branding', ownerId: null },
    detail: Object.fromEntries(changed.map((field) => [field, { from: from[field], to: to[field] }])),
  })
  return after
}

const FIELDS = ['product_name', 'accent_color', 'logo', 'support_url', 'privacy_url', 'terms_url'] as const

function factsOf(branding: Branding) {
  return {
    product_name: branding.productName,
    accent_color: branding.accentColor,
    logo: branding.logo === null ? null : logoFacts(branding.logo),
    support_url: branding.supportUrl,
    privacy_url: branding.privacyUrl,
    terms_url: branding.termsUrl,
  }
}

/** The audit log names an image by its hash, and does not keep it. */
function logoFacts({ format, width, height, bytes }: Logo) {
  return { format, width, height, bytes: bytes.length, hash: hashOf(bytes) }
}
