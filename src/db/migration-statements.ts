import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'

export interface Index {
  readonly name: string
  /** The text after `on`, such as `keys using hash (id)`. */
  readonly where: string
}

/** Returns the statements that a migration would run on an empty database, without running them. */
export async function statementsOf(
  up: (db: Kysely<unknown>) => Promise<unknown>,
): Promise<readonly string[]> {
  const statements: string[] = []
  const recorder = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: ({ query }) => void statements.push(query.sql.trim()),
  })
  await up(recorder)
  return statements
}

/** Returns the indexes that a migration would create, without running it. @throws where it does anything else */
export async function indexesOf(up: (db: Kysely<unknown>) => Promise<void>): Promise<readonly Index[]> {
  return (await statementsOf(up)).map((statement) => {
    const found = /^create index (?:if not exists )?(\w+)\s+on\s+(.+)$/s.exec(statement)
    if (found === null) throw new Error(`this cannot be done outside of a transaction: ${statement}`)
    const [, name = '', where = ''] = found
    return { name, where }
  })
}
