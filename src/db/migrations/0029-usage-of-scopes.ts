import { type Kysely, sql } from 'kysely'

/**
 * Stores usage as screens show it: sums by scope over everything and over each owner (under `scopes` and
 * `scopes:` with the owner's id, by hour), the last day on which each key exercised each scope, and the latest addresses
 * of each secret.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table exercised_scopes (
      key_id    text not null,
      scope     text not null,
      last_day  timestamptz not null,
      primary key (key_id, scope)
    )`.execute(db)
  await sql`create index exercised_scopes_oldest on exercised_scopes (last_day)`.execute(db)
  await sql`
    create table last_addresses (
      secret_id   text not null,
      ip          text not null,
      at          timestamptz not null,
      outcome     text not null,
      user_agent  text,
      primary key (secret_id, ip)
    )`.execute(db)
  await sql`create index last_addresses_oldest on last_addresses (at)`.execute(db)

  await sql`
    insert into exercised_scopes (key_id, scope, last_day)
    select secrets.holder_id, scope, date_trunc('day', max(bucket), 'UTC')
    from (
      select credential_id, scope, bucket, outcome from usage_minutes
      union all select credential_id, scope, bucket, outcome from usage_hours
      union all select credential_id, scope, bucket, outcome from usage_days
    ) as counted
    join secrets on secrets.id = counted.credential_id
    where outcome = 'accepted' and scope <> '' and secrets.holder_id like 'key\\_%'
    group by 1, 2`.execute(db)
  await sumUpScopes(db)
}

/** Fills the sums by scope from the counts of each credential. */
export async function sumUpScopes(db: Kysely<unknown>): Promise<void> {
  // Minutes are added up to hours before they are written: `usage_hours` itself is read first.
  for (const [from, to] of [
    ['usage_days', 'usage_days'],
    ['usage_hours', 'usage_hours'],
    ['usage_minutes', 'usage_hours'],
  ] as const) {
    const into = sql.table(to)
    await sql`
      insert into ${into} (credential_id, bucket, outcome, scope, count, calls)
      select sum_id, date_trunc(${sql.lit(to === 'usage_days' ? 'day' : 'hour')}, bucket, 'UTC'),
        case when outcome = 'accepted' then outcome else 'refused' end, scope, sum(count), sum(calls)
      from ${sql.table(from)} as counted
      left join secrets on secrets.id = counted.credential_id
      left join keys on keys.id = secrets.holder_id
      cross join lateral (
        select 'scopes' as sum_id
        union all select 'scopes:' || keys.owner_id where keys.owner_id is not null
      ) as sums
      where counted.credential_id not in ('all', 'unknown', 'scopes')
        and counted.credential_id not like 'owner:%' and counted.credential_id not like 'scopes:%'
      group by 1, 2, 3, 4
      on conflict (credential_id, bucket, outcome, scope) do update set
        count = ${into}.count + excluded.count,
        calls = ${into}.calls + excluded.calls`.execute(db)
  }
}
