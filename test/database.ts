import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Database, DatabasePlace } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDatabase } from '../src/db/open.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'
import { ask } from './postgres-ask.ts'
import { quickTmpdir } from './quick-tmpdir.ts'

/** The database of this run of the suite; set by `test/run.ts`. */
export const ENGINE = process.env.TEST_ENGINE === 'postgres' ? 'postgres' : 'pglite'

/** A place for a test's own database, removed when it is released. */
export interface TestPlace {
  readonly place: DatabasePlace
  /** Its environment variables, for a server process. */
  readonly env: Readonly<Record<string, string>>
  release(): Promise<void>
}

export interface TestDatabase extends TestPlace {
  readonly database: Database
  close(): Promise<void>
}

/** Called with a database before it is opened. */
export type PlacePreparation = (place: DatabasePlace) => Promise<void>

/** Opens a migrated database of the test's own in this process. */
export async function openTestDatabase(prepare?: PlacePreparation): Promise<TestDatabase> {
  const place = await testPlace()
  await prepare?.(place.place)
  const database = await openDatabase(place.place)
  await migrate(database)
  const close = async () => {
    await database.close()
    await place.release()
  }
  return { ...place, database, close }
}

/**
 * Creates a place for a database that is not open yet: from the runner's template if there is one, which is fast.
 */
export async function testPlace({ empty = false }: { empty?: boolean } = {}): Promise<TestPlace> {
  return ENGINE === 'postgres' ? await postgresPlace(empty) : pglitePlace(empty)
}

function pglitePlace(empty: boolean): TestPlace {
  const dataDir = mkdtempSync(join(quickTmpdir(), 'doorward-pglite-'))
  const template = process.env.TEST_PGLITE_TEMPLATE
  if (!empty && template !== undefined && existsSync(template)) cpSync(template, dataDir, { recursive: true })
  const release = async () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
  return { place: { dataDir }, env: { DATA_DIR: dataDir }, release }
}

let own: Promise<TestPostgres> | undefined
let made = 0

async function postgresPlace(empty: boolean): Promise<TestPlace> {
  const server = process.env.TEST_POSTGRES_URL ?? (await ownPostgres()).url
  const name = `test_${process.pid}_${++made}`
  const template = empty ? undefined : process.env.TEST_POSTGRES_TEMPLATE
  // Copying the files takes half as long as logging each block of them.
  const from = template === undefined ? '' : ` template ${template} strategy file_copy`
  await ask(server, `create database ${name}${from}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const release = async () => {
    await ask(server, `drop database ${name} with (force)`)
    if (process.env.TEST_POSTGRES_URL === undefined && --made === 0) await (await own)?.stop()
  }
  return { place: { databaseUrl: url.href }, env: { DATABASE_URL: url.href }, release }
}

/** Without the runner, a test file starts its own Postgres. */
function ownPostgres(): Promise<TestPostgres> {
  own ??= startPostgres()
  return own
}
