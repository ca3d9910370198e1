import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { apply, type Migration } from './apply-migration.ts'
import type { Database, Notice } from './database.ts'
import { up as foundation } from './migrations/0001-foundation.ts'
import { up as changes } from './migrations/0002-changes.ts'
import { up as usage } from './migrations/0003-usage.ts'
import { up as limits } from './migrations/0004-limits.ts'
import { up as clients } from './migrations/0005-clients.ts'
import { up as accounts } from './migrations/0006-accounts.ts'
import { up as oauth } from './migrations/0007-oauth.ts'
import { up as refreshTokensOfFamily } from './migrations/0008-refresh-tokens-of-family.ts'
import { up as ownPolicies } from './migrations/0009-own-policies.ts'
import { up as disabledUsers } from './migrations/0010-disabled-users.ts'
import { up as blockedClients } from './migrations/0011-blocked-clients.ts'
import { up as hashIndexes } from './migrations/0012-hash-indexes.ts'
import { up as requestsOfClient } from './migrations/0013-requests-of-client.ts'
import { up as blocksOfTheProvider } from './migrations/0014-blocks-of-the-provider.ts'
import { up as refusedAttempts } from './migrations/0015-refused-attempts.ts'
import { up as identityOfChanges } from './migrations/0016-identity-of-changes.ts'
import { up as holdersOfChanges } from './migrations/0017-holders-of-changes.ts'
import { up as answers } from './migrations/0018-answers.ts'
import { up as broughtScopes } from './migrations/0019-brought-scopes.ts'
import { up as endsOfKeys } from './migrations/0020-ends-of-keys.ts'
import { fill as endsOfKeysThere } from './migrations/0021-ends-of-keys-there.ts'
import { up as listsOfKeys } from './migrations/0022-lists-of-keys.ts'
import { up as newestKeysOfOwner } from './migrations/0023-newest-keys-of-owner.ts'
import { up as eitherSecretMethod } from './migrations/0024-either-secret-method.ts'
import { up as listsOfAuditEvents } from './migrations/0025-lists-of-audit-events.ts'
import { up as archivedAuditEvents } from './migrations/0026-archived-audit-events.ts'
import { up as usageOfOwners } from './migrations/0027-usage-of-owners.ts'
import { up as selfRotation } from './migrations/0028-self-rotation.ts'
import { up as usageOfScopes } from './migrations/0029-usage-of-scopes.ts'
import { up as rotationsAndExposures } from './migrations/0030-rotations-and-exposures.ts'
import { up as staff } from './migrations/0031-staff.ts'
import { up as findingByName } from './migrations/0032-finding-by-name.ts'
import { up as findingKeys } from './migrations/0033-finding-keys.ts'
import { up as ordersOfKeys } from './migrations/0034-orders-of-keys.ts'
import { up as replacedIndexesOfKeys } from './migrations/0035-replaced-indexes-of-keys.ts'
import { up as staffFactors } from './migrations/0036-staff-factors.ts'
import { up as singleSignOn } from './migrations/0037-single-sign-on.ts'
import { up as silentRotations } from './migrations/0038-silent-rotations.ts'
import { up as findingSilentRotations } from './migrations/0039-finding-silent-rotations.ts'
import { up as staffPasskeys } from './migrations/0040-staff-passkeys.ts'
import { up as keysOfCreators } from './migrations/0041-keys-of-creators.ts'
import { up as branding } from './migrations/0045-branding.ts'
import { up as verifiers } from './migrations/0047-verifiers.ts'
import { up as policies } from './migrations/0049-policies.ts'
import { up as keysOfRefusals } from './migrations/0050-keys-of-refusals.ts'
import { fill as keysOfRefusalsThere } from './migrations/0051-keys-of-refusals-there.ts'
import { up as refusalsOfDeadKeys } from './migrations/0052-refusals-of-dead-keys.ts'
import { up as jobs } from './migrations/0053-jobs.ts'
import { fill as broughtScopesThere } from './migrations/0054-brought-scopes-there.ts'
import { up as broughtScopesKnown } from './migrations/0055-brought-scopes-known.ts'
import { up as disablingByPolicy } from './migrations/0057-disabling-by-policy.ts'
import { up as findingDatedKeys } from './migrations/0058-finding-dated-keys.ts'
import { up as notices } from './migrations/0061-notices.ts'
import { up as endsOfSecrets } from './migrations/0062-ends-of-secrets.ts'
import { fill as noticeContactsThere } from './migrations/0063-notice-contacts-there.ts'
import { up as repeatedSpends } from './migrations/0067-repeated-spends.ts'
import { up as findings } from './migrations/0068-findings.ts'
import { up as walkOfFindings } from './migrations/0069-walk-of-findings.ts'
import { up as auditEventsOfActionByTime } from './migrations/0072-audit-events-of-action-by-time.ts'
import { up as ownRulesOfOwners } from './migrations/0074-own-rules-of-owners.ts'
import { up as findingOwnRules } from './migrations/0075-finding-own-rules.ts'
import { up as autoRotation } from './migrations/0078-auto-rotation.ts'
import type { Db, Tx } from './schema.ts'

/** In order, append-only: a released migration is never edited. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-foundation': { up: foundation },
  '0002-changes': { up: changes },
  '0003-usage': { up: usage },
  '0004-limits': { up: limits },
  '0005-clients': { up: clients },
  '0006-accounts': { up: accounts },
  '0007-oauth': { up: oauth },
  '0008-refresh-tokens-of-family': { up: refreshTokensOfFamily, concurrently: true },
  '0009-own-policies': { up: ownPolicies },
  '0010-disabled-users': { up: disabledUsers },
  '0011-blocked-clients': { up: blockedClients },
  '0012-hash-indexes': { up: hashIndexes, concurrently: true },
  '0013-requests-of-client': { up: requestsOfClient, concurrently: true },
  '0014-blocks-of-the-provider': { up: blocksOfTheProvider },
  '0015-refused-attempts': { up: refusedAttempts },
  '0016-identity-of-changes': { up: identityOfChanges },
  '0017-holders-of-changes': { up: holdersOfChanges },
  '0018-answers': { up: answers },
  '0019-brought-scopes': { up: broughtScopes },
  '0020-ends-of-keys': { up: endsOfKeys },
  '0021-ends-of-keys-there': { fill: endsOfKeysThere },
  '0022-lists-of-keys': { up: listsOfKeys, concurrently: true },
  '0023-newest-keys-of-owner': { up: newestKeysOfOwner },
  '0024-either-secret-method': { up: eitherSecretMethod },
  '0025-lists-of-audit-events': { up: listsOfAuditEvents, concurrently: true },
  '0026-archived-audit-events': { up: archivedAuditEvents },
  '0027-usage-of-owners': { up: usageOfOwners },
  '0028-self-rotation': { up: selfRotation },
  '0029-usage-of-scopes': { up: usageOfScopes },
  '0030-rotations-and-exposures': { up: rotationsAndExposures, concurrently: true },
  '0031-staff': { up: staff },
  '0032-finding-by-name': { up: findingByName, concurrently: true },
  '0033-finding-keys': { up: findingKeys },
  '0034-orders-of-keys': { up: ordersOfKeys, concurrently: true },
  '0035-replaced-indexes-of-keys': { up: replacedIndexesOfKeys },
  '0036-staff-factors': { up: staffFactors },
  '0037-single-sign-on': { up: singleSignOn },
  '0038-silent-rotations': { up: silentRotations },
  '0039-finding-silent-rotations': { up: findingSilentRotations, concurrently: true },
  '0040-staff-passkeys': { up: staffPasskeys },
  '0041-keys-of-creators': { up: keysOfCreators, concurrently: true },
  '0045-branding': { up: branding },
  '0047-verifiers': { up: verifiers },
  '0049-policies': { up: policies },
  '0050-keys-of-refusals': { up: keysOfRefusals },
  '0051-keys-of-refusals-there': { fill: keysOfRefusalsThere },
  '0052-refusals-of-dead-keys': { up: refusalsOfDeadKeys, concurrently: true },
  '0053-jobs': { up: jobs },
  '0054-brought-scopes-there': { fill: broughtScopesThere },
  '0055-brought-scopes-known': { up: broughtScopesKnown },
  '0057-disabling-by-policy': { up: disablingByPolicy },
  '0058-finding-dated-keys': { up: findingDatedKeys, concurrently: true },
  '0061-notices': { up: notices },
  '0062-ends-of-secrets': { up: endsOfSecrets, concurrently: true },
  '0063-notice-contacts-there': { fill: noticeContactsThere },
  '0067-repeated-spends': { up: repeatedSpends },
  '0068-findings': { up: findings },
  '0069-walk-of-findings': { up: walkOfFindings },
  '0072-audit-events-of-action-by-time': { up: auditEventsOfActionByTime, concurrently: true },
  '0074-own-rules-of-owners': { up: ownRulesOfOwners },
  '0075-finding-own-rules': { up: findingOwnRules, concurrently: true },
  '0078-auto-rotation': { up: autoRotation },
}

/** Kysely's lock number, which earlier Doorward versions use too: theirs and ours exclude each other. */
const MIGRATIONS_LOCK = '3853314791062309107'

/** Intervals of polling for the other server's migration, and of logging that this one waits. */
const ASK_AGAIN_AFTER_MS = 500
const SAY_EVERY_MS = 5_000
/** The database has migrations that this version of Doorward does not know. */
export class NewerSchemaError extends Error {
  constructor(unknown: readonly string[]) {
    super(
      `The database was migrated by a newer Doorward (${unknown.join(', ')}). ` +
        'Start that version or a later one; going back needs a backup from before the migration.',
    )
    this.name = 'NewerSchemaError'
  }
}

/**
 * Brings the schema up to date, forward only, each migration in its own transaction, under a lock: of servers that start
 * together one migrates and the others wait without a limit. Applied migrations stay when a later one fails.
 *
 * Its connections have no time limits. It never waits long for a table in use, because requests of running servers would
 * queue behind it.
 *
 * @returns the names of the migrations applied now
 * @throws NewerSchemaError before anything is touched
 */
export async function migrate(
  database: Database,
  notice: Notice = () => {},
  migrations = MIGRATIONS,
): Promise<readonly string[]> {
  if ((await pendingMigrations(database.db, migrations)).length === 0) return []
  const own = database.openForMigrations()
  const todo = { migrations, notice }
  try {
    return own === null ? await applyAll(database.db, null, todo) : await migrateAlone(own, todo)
  } finally {
    await own?.destroy()
  }
}

/** Names still to be applied. @throws NewerSchemaError */
export async function pendingMigrations(db: Db, migrations = MIGRATIONS): Promise<readonly string[]> {
  const { rows: found } = await sql<{ there: boolean }>`
    select to_regclass('kysely_migration') is not null as there`.execute(db)
  if (!found[0]?.there) return Object.keys(migrations)
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  const applied = rows.map((row) => row.name)
  const unknown = applied.filter((name) => !(name in migrations))
  if (unknown.length > 0) throw new NewerSchemaError(unknown)
  return Object.keys(migrations).filter((name) => !applied.includes(name))
}

/**
 * Holds the lock in a transaction of its own that does nothing else, so that it works through a pooler too. Polls for it,
 * because a statement that waits for it would block `create index concurrently`.
 */
async function migrateAlone(db: Db, todo: Todo): Promise<readonly string[]> {
  let saidAtMs = Number.NEGATIVE_INFINITY
  for (;;) {
    const done = await db.transaction().execute(async (holder) => {
      // No parameter, so that it is a simple query: the portal of an extended query would keep its snapshot while the
      // transaction is open, and `create index concurrently` would wait for that forever.
      const { rows } = await sql<{ got: boolean }>`
        select pg_try_advisory_xact_lock(${sql.raw(MIGRATIONS_LOCK)}) as got`.execute(holder)
      return rows[0]?.got === true ? await applyAll(db, holder, todo) : null
    })
    if (done !== null) return done
    if ((await pendingMigrations(db, todo.migrations)).length === 0) return []
    if (performance.now() - saidAtMs >= SAY_EVERY_MS) {
      saidAtMs = performance.now()
      todo.notice('warn', 'another server migrates the database: waiting')
    }
    await sleep(ASK_AGAIN_AFTER_MS)
  }
}

/** @param holder the transaction with the lock; null where no other process can have the database open */
async function applyAll(db: Db, holder: Tx | null, { migrations, notice }: Todo): Promise<readonly string[]> {
  await sql`
    create table if not exists kysely_migration (
      name       varchar(255) primary key,
      timestamp  varchar(255) not null
    )`.execute(db)
  const names = await pendingMigrations(db, migrations)
  for (const name of names) {
    const migration = migrations[name]
    if (migration === undefined) throw new Error(`there is no migration ${name}`)
    try {
      await apply(db, holder, name, migration, notice)
    } catch (error) {
      throw new Error(
        `Migration ${name} failed and was rolled back; earlier ones stay applied. Fix the cause and start again.`,
        { cause: error },
      )
    }
    notice('info', `migration ${name} is applied`)
  }
  return names
}

interface Todo {
  readonly migrations: Readonly<Record<string, Migration>>
  readonly notice: Notice
}
