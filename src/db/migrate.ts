import { sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
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
import type { Database } from './open.ts'

/** In order, for ever: a migration that has landed is never edited. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-foundation': { up: foundation },
  '0002-changes': { up: changes },
  '0003-usage': { up: usage },
  '0004-limits': { up: limits },
  '0005-clients': { up: clients },
  '0006-accounts': { up: accounts },
  '0007-oauth': { up: oauth },
  '0008-refresh-tokens-of-family': { up: refreshTokensOfFamily },
  '0009-own-policies': { up: ownPolicies },
  '0010-disabled-users': { up: disabledUsers },
  '0011-blocked-clients': { up: blockedClients },
  '0012-hash-indexes': { up: hashIndexes },
  '0013-requests-of-client': { up: requestsOfClient },
  '0014-blocks-of-the-provider': { up: blocksOfTheProvider },
  '0015-refused-attempts': { up: refusedAttempts },
  '0016-identity-of-changes': { up: identityOfChanges },
  '0017-holders-of-changes': { up: holdersOfChanges },
  '0018-answers': { up: answers },
  '0019-brought-scopes': { up: broughtScopes },
}

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
 * Brings the schema up to date, forward only, in one transaction under a lock: servers that start at once wait for
 * each other, and a migration that fails leaves the database as it was.
 *
 * @returns the names of the migrations applied now
 * @throws NewerSchemaError before anything is touched
 */
export async function migrate({ db }: Database): Promise<readonly string[]> {
  const pending = await pendingMigrations(db)
  if (pending.length === 0) return []
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
  const { error, results } = await migrator.migrateToLatest()
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName
    throw new Error(`Migration ${failed ?? ''} failed and was rolled back; the database is as it was.`, {
      cause: error,
    })
  }
  return results?.map((result) => result.migrationName) ?? []
}

/** Names still to be applied. @throws NewerSchemaError */
export async function pendingMigrations(db: Database['db']): Promise<readonly string[]> {
  const { rows: found } = await sql<{ there: boolean }>`
    select to_regclass('kysely_migration') is not null as there`.execute(db)
  if (!found[0]?.there) return Object.keys(MIGRATIONS)
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  const applied = rows.map((row) => row.name)
  const unknown = applied.filter((name) => !(name in MIGRATIONS))
  if (unknown.length > 0) throw new NewerSchemaError(unknown)
  return Object.keys(MIGRATIONS).filter((name) => !applied.includes(name))
}
