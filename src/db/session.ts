/**
 * Session settings that are required whatever role, database or server set: each changes the meaning of a statement or
 * the format of its result.
 */
const NEEDED: readonly (readonly [name: string, value: string])[] = [
  ['datestyle', 'ISO'],
  ['standard_conforming_strings', 'on'],
  ['bytea_output', 'hex'],
  // Off would store a null in an array as the text "NULL".
  ['array_nulls', 'on'],
  ['transform_null_equals', 'off'],
  // Above 0 would return a random part of the keys that have a scope.
  ['gin_fuzzy_search_limit', '0'],
  ['default_transaction_isolation', 'read committed'],
  ['default_transaction_read_only', 'off'],
  ['default_transaction_deferrable', 'off'],
]

/** Time limits of a session, in ms; 0: none. */
export interface Patience {
  readonly statementMs: number
  readonly lockMs: number
}

/** Startup parameters: poolers know these, keep them per client, and set them on each backend that they lend. */
export const STARTUP: Readonly<Record<string, string>> = {
  DateStyle: 'ISO',
  TimeZone: 'UTC',
  standard_conforming_strings: 'on',
}

/** Settings of a session without a pooler. */
export function settingsOf({ statementMs, lockMs }: Patience): [name: string, value: string][] {
  return [
    ...NEEDED.map(([name, value]): [string, string] => [name, value]),
    ['timezone', 'UTC'],
    // No column is a float today; one that becomes one is not rounded.
    ['extra_float_digits', '1'],
    // On, Postgres may take the smallest index that begins with the owner, and sort all of its rows for a page of fifty.
    ['enable_incremental_sort', 'off'],
    ['statement_timeout', String(statementMs)],
    ['lock_timeout', String(lockMs)],
    ['idle_in_transaction_session_timeout', String(statementMs)],
  ]
}

/** Begins a transaction. Behind a pooler the session is lent per transaction, so the limits are set for it alone. */
export function beginText({ statementMs, lockMs }: Patience, isPooled: boolean): string {
  const begin = 'start transaction isolation level read committed, read write'
  if (!isPooled) return begin
  return (
    `${begin}; set local statement_timeout = ${statementMs}; set local lock_timeout = ${lockMs}; ` +
    `set local idle_in_transaction_session_timeout = ${statementMs}`
  )
}

/**
 * Sets the required settings of a session that is ours, and returns its state. A pooler reports invented process ids to
 * its clients, so a process id that is not the backend's reveals it. Parameters: process id, names, values.
 */
export const PREPARE_SESSION = `
  select
    name,
    case when pg_backend_pid() = $1 then set_config(name, value, false) else current_setting(name) end as value,
    pg_backend_pid() <> $1 as pooled,
    pg_is_in_recovery() as standby,
    current_schema() is null as homeless,
    array_to_string(current_schemas(true), ',') as path
  from unnest($2::text[], $3::text[]) as needed (name, value)`

/** A row of {@link PREPARE_SESSION}. */
export interface SessionRow {
  readonly name: string
  readonly value: string
  readonly pooled: boolean
  readonly standby: boolean
  readonly homeless: boolean
  readonly path: string
}

export interface Session {
  readonly isPooled: boolean
  /** True where Postgres applies no statement timeout of its own. */
  readonly isUnlimited: boolean
}

/** The database is reachable but unsuitable. The message has the reason and the fix. */
export class UnfitDatabaseError extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'UnfitDatabaseError'
  }
}

/** @throws UnfitDatabaseError where an answer of this session could not be trusted */
export function readSession(rows: readonly SessionRow[]): Session {
  const [first] = rows
  if (first === undefined) throw new Error('a session returned no settings')
  if (first.standby)
    throw new UnfitDatabaseError(
      'DATABASE_URL leads to a standby, where a credential revoked a moment ago may still be active. Use the primary.',
    )
  if (first.homeless)
    throw new UnfitDatabaseError(
      'There is no schema for tables. Set the search_path of the role to a schema that exists: ' +
        'alter role … set search_path = …',
    )
  if (!/^(pg_temp_\d+,)?pg_catalog(,|$)/.test(first.path))
    throw new UnfitDatabaseError(
      `The search_path of the role has another schema before pg_catalog (${first.path}). ` +
        'Remove pg_catalog from it.',
    )
  const settings = new Map(rows.map(({ name, value }) => [name, value]))
  for (const [name, wanted] of NEEDED) {
    const found = settings.get(name) ?? ''
    if (found !== wanted && !(name === 'datestyle' && found.startsWith('ISO')))
      throw new UnfitDatabaseError(
        `${name} is "${found}", and Doorward needs "${wanted}". It cannot set it through a connection pooler. ` +
          `Run: alter role … set ${name} = '${wanted}'; then reconnect the pooler.`,
      )
  }
  return {
    isPooled: first.pooled,
    isUnlimited: first.pooled && settings.get('statement_timeout') === '0',
  }
}
