import type { ColumnType } from 'kysely'

export interface BrandingTable {
  only_row: ColumnType<boolean, undefined, never>
  product_name: string | null
  accent_color: string | null
  logo: Uint8Array | null
  logo_format: 'png' | 'jpeg' | 'webp' | null
  logo_width: number | null
  logo_height: number | null
  support_url: string | null
  privacy_url: string | null
  terms_url: string | null
  changed_at: Date | null
}
