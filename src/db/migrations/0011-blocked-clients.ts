import { type Kysely, sql } from 'kysely'

/** Decisions of operators and owners on clients: the ceiling of an unregistered client, and blocks per owner. */
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
