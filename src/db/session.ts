/**
 * What a session must have whatever the role, the database or the server sets: each of these changes what a statement
 * means, or how its answer is written.
 */
const NEEDED: readonly (readonly [name: string, value: string])[] = [
  ['datestyle', 'ISO'],
  ['standard_conforming_strings', 'on'],
  ['bytea_output', 'hex'],
  // Off, a null in a list of ours would be stored as the text "NULL".
  ['array_nulls', 'on'],
  ['transform_null_equals', 'off'],
  // Above 0, "which keys hold this scope" would be a random part of the answer.
  ['gin_fuzzy_search_limit', '0'],
  ['default_transaction_isolation', 'read committed'],
  ['default_transaction_read_only', 'off'],
  ['default_transaction_deferrable', 'off'],
]

/** How long a session may take over something, in ms; 0 for as long as it takes. */
export interface Patience {
  readonly statementMs: number
  readonly lockMs: number
}

/** Sent when a connection starts: what every pooler knows, keeps for its client, and sets on whatever it lends it. */
export const STARTUP: Readonly<Record<string, string>> = {
  DateStyle: 'ISO',
  TimeZone: 'UTC',
  standard_conforming_strings: 'on',
}

/** The settings of a session that is ours alone. */
export function settingsOf({ statementMs, lockMs }: Patience): [name: string, value: string][] {
  return [
    ...NEEDED.map(([name, value]): [string, string] => [name, value]),
    ['timezone', 'UTC'],
    // Nothing here is read as a float; if ever something is, it is not rounded.
    ['extra_float_digits', '1'],
    ['statement_timeout', String(statementMs)],
    ['lock_timeout', String(lockMs)],
    ['idle_in_transaction_session_timeout', String(statementMs)],
  ]
}

/** Begins a transaction. Behind a pooler the session is lent for as long as it lasts, so its limits are set for it alone. */
export function beginText({ statementMs, lockMs }: Patience, isPooled: boolean): string {
  const begin = 'start transaction isolation level read committed, read write'
  if (!isPooled) return begin
  return (
    `${begin}; set local statement_timeout = ${statementMs}; set local lock_timeout = ${lockMs}; ` +
    `set local idle_in_transaction_session_timeout = ${statementMs}`
  )
}

/**
 * Sets what a session needs, where it is ours, and says how it stands. A pooler tells its clients process ids of its
 * own making, so a process id that is not the backend's gives it away. Two lists: names and values.
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
  /** Whether nothing but this process ends a statement that takes too long. */
  readonly isUnlimited: boolean
}

/** The database is there, and is not one that may be asked. Says why, and what to do. */
export class UnfitDatabaseError extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'UnfitDatabaseError'
  }
}

/** @throws UnfitDatabaseError where an answer of this session could not be trusted */
export function readSession(rows: readonly SessionRow[]): Session {
  const [first] = rows
  if (first === undefined) throw new Error('a session says nothing of itself')
  if (first.standby)
    throw new UnfitDatabaseError(
      'DATABASE_URL leads to a standby. What was revoked a moment ago may still be active there: name the primary.',
    )
  if (first.homeless)
    throw new UnfitDatabaseError(
      'There is no schema to keep tables in. Let the search_path of the role name one that exists: ' +
        'alter role … set search_path = …',
    )
  if (!/^(pg_temp_\d+,)?pg_catalog(,|$)/.test(first.path))
    throw new UnfitDatabaseError(
      `The search_path of the role looks for functions elsewhere before pg_catalog (${first.path}). ` +
        'Leave pg_catalog out of it.',
    )
  const settings = new Map(rows.map(({ name, value }) => [name, value]))
  for (const [name, wanted] of NEEDED) {
    const found = settings.get(name) ?? ''
    if (found !== wanted && !(name === 'datestyle' && found.startsWith('ISO')))
      throw new UnfitDatabaseError(
        `${name} is "${found}" here, and Doorward needs "${wanted}". It cannot set that itself through a connection ` +
          `pooler: alter role … set ${name} = '${wanted}', and have the pooler connect anew.`,
      )
  }
  return {
    isPooled: first.pooled,
    isUnlimited: first.pooled && settings.get('statement_timeout') === '0',
  }
}
