import pg from 'pg'

/** Every row of every table as text, as in a dump; bytes as hex. */
export async function dumpOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`,
    )
    let text = ''
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} as t`)
      text += rows.map(({ row }) => `${row}\n`).join('')
    }
    return text
  } finally {
    await client.end()
  }
}
