import type { Selectable } from 'kysely'
import type { Db, Schema, Tx } from '../db/schema.ts'
import type { Branding } from './branding.ts'
import type { Logo } from './logo.ts'

/** The migration has made the one row, and nothing deletes it. */
export async function findBranding(db: Db): Promise<Branding> {
  return toBranding(await db.selectFrom('branding').selectAll().executeTakeFirstOrThrow())
}

/** The same, locked for a change. */
export async function lockBranding(tx: Tx): Promise<Branding> {
  return toBranding(await tx.selectFrom('branding').selectAll().forUpdate().executeTakeFirstOrThrow())
}

export async function putBranding(tx: Tx, given: Branding): Promise<void> {
  const { logo } = given
  await tx
    .updateTable('branding')
    .set({
      product_name: given.productName,
      accent_color: given.accentColor,
      logo: logo?.bytes ?? null,
      logo_format: logo?.format ?? null,
      logo_width: logo?.width ?? null,
      logo_height: logo?.height ?? null,
      support_url: given.supportUrl,
      privacy_url: given.privacyUrl,
      terms_url: given.termsUrl,
      changed_at: given.changedAt,
    })
    .execute()
}

function toBranding(row: Selectable<Schema['branding']>): Branding {
  return {
    productName: row.product_name,
    accentColor: row.accent_color,
    logo: toLogo(row),
    supportUrl: row.support_url,
    privacyUrl: row.privacy_url,
    termsUrl: row.terms_url,
    changedAt: row.changed_at,
  }
}

function toLogo(row: Selectable<Schema['branding']>): Logo | null {
  const { logo: bytes, logo_format: format, logo_width: width, logo_height: height } = row
  return bytes === null || format === null || width === null || height === null
    ? null
    : { bytes, format, width, height }
}
