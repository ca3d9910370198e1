import { type Kysely, sql } from 'kysely'

/**
 * Counts by scope and minute, rolled up to hours and days as they age, in three tables of one form. Earlier counts were
 * by hour and without scope, and are kept as such. The reserved id `all` has the sums over all credentials.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['usage_minutes', 'usage_hours', 'usage_days']) {
    // `count`: verifications that required the scope. `calls`: those in which it was the first scope.
    await sql`
      create table ${sql.table(table)} (
        credential_id  text not null,
        bucket         timestamptz not null,
        outcome        text not null,
        scope          text not null,
        count          bigint not null,
        calls          bigint not null,
        primary key (credential_id, bucket, outcome, scope)
      )`.execute(db)
    await sql`create index ${sql.id(`${table}_oldest`)} on ${sql.table(table)} (bucket)`.execute(db)
  }
  await sql`
    insert into usage_hours (credential_id, bucket, outcome, scope, count, calls)
    select credential_id, date_trunc('hour', hour, 'UTC'), outcome, '', sum(count), sum(count)
    from usage group by 1, 2, 3`.execute(db)
  await sql`
    insert into usage_hours (credential_id, bucket, outcome, scope, count, calls)
    select 'all', bucket, outcome, '', sum(count), sum(calls) from usage_hours group by 2, 3`.execute(db)
  await sql`drop table usage`.execute(db)

  await sql`
    create table last_refusals (
      credential_id  text not null,
      outcome        text not null,
      at             timestamptz not null,
      ip             text,
      user_agent     text,
      primary key (credential_id, outcome)
    )`.execute(db)
  await sql`create index last_refusals_oldest on last_refusals (at)`.execute(db)
}
