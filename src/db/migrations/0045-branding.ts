import { type Kysely, sql } from 'kysely'

/** The API provider's name, logo and colour on pages for people. One statement each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table branding (
      only_row      boolean primary key default true check (only_row),
      product_name  text,
      accent_color  text check (accent_color ~ '^#[0-9a-f]{6}$'),
      logo          bytea check (length(logo) <= 65536),
      logo_format   text check (logo_format in ('png', 'jpeg', 'webp')),
      logo_width    integer,
      logo_height   integer,
      support_url   text,
      privacy_url   text,
      terms_url     text,
      changed_at    timestamptz,
      check ((logo is null) = (logo_format is null)),
      check ((logo is null) = (logo_width is null)),
      check ((logo is null) = (logo_height is null))
    )`.execute(db)
  // Two first changes at once have a row to lock.
  await sql`insert into branding default values`.execute(db)
  // Full admin keys get the new permission: otherwise no key could grant it.
  await sql`
    update admin_keys
    set permissions = permissions || '{branding:write}'::text[]
    where owner_id is null and permissions @> '{
      keys:read,keys:write,clients:read,clients:write,grants:read,grants:write,owners:read,owners:write,scopes:read,
      scopes:write,admin_keys:read,admin_keys:write,users:read,users:write,members:write,login_challenges:write,
      audit:read,staff:read,staff:write,verify
    }'::text[]`.execute(db)
}
