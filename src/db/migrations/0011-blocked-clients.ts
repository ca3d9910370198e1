import { type Kysely, sql } from 'kysely'

/** What operators and owners say of clients: the ceiling of one that nobody registered, and for whom one is blocked. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table clients add column ceiling_set_by_operator boolean not null default false`.execute(db)
  await sql`
    create table blocked_clients (
      owner_id    text not null references owners,
      client_id   text not null references clients,
      reason      text not null,
      blocked_by  text not null,
      blocked_at  timestamptz not null,
      primary key (owner_id, client_id)
    )`.execute(db)
  await sql`create index blocked_clients_of_client on blocked_clients (client_id)`.execute(db)
}
