import { sql } from 'kysely'
import type { TestApp } from '../app.ts'

/** Refused attempts are recorded: in the audit log, or for strangers in a table of their own. */
const WHERE_REFUSALS_GO = ['audit_events', 'audit_head', 'refused_attempts']

/** Servers write these about themselves, whatever is asked of them. */
export const OF_SERVERS = ['verifiers', 'applied_changes', 'jobs', 'exercised_permissions', 'finding_walk']

/** Servers also write when the secrets of admin keys were last used, a moment after each use. */
const USE = ['last_used_at', 'last_used_ip', 'last_used_user_agent']
const textOf = (table: string) =>
  table === 'secrets'
    ? sql`case when holder_id like 'adm\\_%' then (to_jsonb(each) - ${USE}::text[])::text else each::text end`
    : sql`each::text`

/** All rows of all other tables, to compare: a refused operation changes none. */
export async function contentOf({ db }: TestApp): Promise<Readonly<Record<string, string>>> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = current_schema() and table_type = 'BASE TABLE' and table_name <> all(${[...WHERE_REFUSALS_GO, ...OF_SERVERS]})
    order by name`.execute(db)
  const content: Record<string, string> = {}
  for (const { name } of tables) {
    const { rows } = await sql<{ row: string }>`
      select ${textOf(name)} as row from ${sql.table(name)} as each order by 1`.execute(db)
    content[name] = rows.map(({ row }) => row).join('\n')
  }
  if (content.keys === undefined || content.staff === undefined) throw new Error('the tables were not found')
  return content
}
