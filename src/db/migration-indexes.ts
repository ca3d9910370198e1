import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'

export interface Index {
  readonly name: string
  /** What stands behind `on`: `keys using hash (id)`. */
  readonly where: string
}

/** The indexes that a migration would make, without making them. @throws where it does anything else */
export async function indexesOf(up: (db: Kysely<unknown>) => Promise<void>): Promise<readonly Index[]> {
  const statements: string[] = []
  const recorder = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: ({ query }) => void statements.push(query.sql),
  })
  await up(recorder)
  return statements.map((statement) => {
    const found = /^create index (\w+)\s+on\s+(.+)$/s.exec(statement.trim())
    if (found === null) throw new Error(`this cannot be done outside of a transaction: ${statement}`)
    const [, name = '', where = ''] = found
    return { name, where }
  })
}
