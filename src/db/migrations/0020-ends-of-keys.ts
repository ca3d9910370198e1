import { type Kysely, sql } from 'kysely'

/**
 * Stores a key's expiry in its own row, where indexes of lists can include it: the latest end of its unrevoked secrets;
 * null for never. A trigger keeps it in sync with every statement that ends, extends or replaces a secret, those of older
 * servers too. The use of a secret does not fire it.
 *
 * `lapsed` and `seen_day` are hints with which partial indexes skip rows. They may lag behind, never run ahead: `lapsed`
 * means that `ends_at` has passed, `seen_day` is a UTC day (since 1970) on which the key existed or was used.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table keys
      add column ends_at timestamptz,
      add column lapsed boolean not null default false,
      add column seen_day integer not null default 0`.execute(db)
  // Room for HOT updates of the last use, which is written often and is in no index.
  await sql`alter table secrets set (fillfactor = 85)`.execute(db)
  await sql`
    create function end_of_key(key_id text) returns timestamptz language sql stable as $$
      select case when bool_or(least(expires_at, retires_at) is null) then null
        else max(least(expires_at, retires_at)) end
      from secrets where holder_id = key_id and revoked_at is null and retired_at is null
    $$`.execute(db)
  await sql`
    create function keep_end_of_key() returns trigger language plpgsql as $$
    begin
      update keys set ends_at = end_of_key(id), lapsed = false
      where id = new.holder_id and ends_at is distinct from end_of_key(id);
      return null;
    end $$`.execute(db)
  await sql`
    create trigger secrets_end_keys after insert or update of expires_at, retires_at, retired_at, revoked_at on secrets
    for each row when (new.holder_id like 'key\\_%') execute function keep_end_of_key()`.execute(db)
}
