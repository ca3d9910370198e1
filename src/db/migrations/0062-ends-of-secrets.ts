import { type Kysely, sql } from 'kysely'

/** Finds the secrets that end soon, of any holder. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index secrets_by_end on secrets (least(expires_at, retires_at), id)
    where revoked_at is null and retired_at is null and least(expires_at, retires_at) is not null`.execute(db)
}
