import pg from 'pg'

const DAY_MS = 24 * 3600 * 1000

/** An owner with a tenth of all keys. */
export const HUGE_OWNER = 'org_huge'
/** Held only by the oldest keys, by two in a hundred, and by a few. */
export const OLD_SCOPE = 'legacy:read'
export const COMMON_SCOPE = 'scope4:read'
export const RARE_SCOPE = 'rare:read'

/**
 * Inserts so many keys of so many owners, as two years of a company might have left them: a fifth revoked, a tenth expired,
 * a third never used, some disabled, some owners suspended. Rows first, then the real schema's indexes.
 */
export async function fillKeys(url: string, keys: number, owners: number, now: Date): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const run = (statement: string) => client.query(statement)
  const nowText = `timestamptz '${now.toISOString()}'`
  const today = Math.floor(now.getTime() / DAY_MS)
  const stepMs = Math.floor((730 * DAY_MS) / keys)
  await run(`set maintenance_work_mem = '512MB'`)
  await run(`set synchronous_commit = off`)
  await run(`
    insert into owners (id, created_at, suspended_at)
    select 'org_' || i, ${nowText} - interval '730 days' + i * interval '1 minute',
      case when i % 2000 = 7 then ${nowText} end
    from generate_series(0, ${owners - 2}) i
    union all select '${HUGE_OWNER}', ${nowText} - interval '730 days', null`)
  await run(`
    insert into admin_keys (id, name, permissions, created_by, created_at)
    select 'adm_bench' || i, 'backend ' || i, '{keys:write}', 'bench', ${nowText} from generate_series(0, 39) i`)
  await run('alter table secrets disable trigger secrets_end_keys')
  const indexes = await dropIndexes(client)
  await run(`
    insert into keys (id, owner_id, name, environment, scopes, metadata, created_by, created_at, disabled_at, revoked_at,
      revoked_reason, ends_at, lapsed, seen_day, used_day)
    select ${idOf('key')},
      case when i % 10 = 3 then '${HUGE_OWNER}' else 'org_' || (i::bigint * 7919) % ${owners - 1} end,
      (array['nightly', 'weekly', 'staging', 'partner', 'mobile', 'billing', 'search', 'Metabase', 'warehouse', 'CI',
        'support', 'backup', 'import', 'legacy', 'webhook', 'edge', 'fraud', 'payroll', 'Zapier', 'internal'])[1 + r % 20]
        || ' ' ||
      (array['export', 'sync', 'job', 'dashboard', 'worker', 'reader', 'feed', 'report', 'agent', 'proxy', 'loader',
        'monitor', 'bot', 'gateway', 'script', 'mirror', 'crawler'])[1 + r / 20 % 17]
        || case when r % 3 = 0 then ' ' || i else '' end,
      case when r / 7 % 5 = 0 then 'test' else 'live' end,
      array['scope' || r % 20 || ':read', 'scope' || 20 + r / 20 % 30 || ':write']
        || case when i < ${Math.floor(keys / 20)} then array['${OLD_SCOPE}'] else '{}' end
        || case when i % ${Math.floor(keys / 40)} = 11 then array['${RARE_SCOPE}'] else '{}' end,
      '{}', 'adm_bench' || case when r % 2 = 0 then i / ${Math.ceil(keys / 20)} else 20 + r / 3 % 20 end,
      made, case when r % 100 = 42 then ${nowText} end,
      case when r / 11 % 5 = 0 then least(${nowText}, made + interval '90 days') end,
      case when r / 11 % 5 = 0 then 'rotated out' end,
      ends, coalesce(ends <= ${nowText} and r / 11 % 5 <> 0, false),
      greatest(floor(extract(epoch from made) / 86400)::int, used), used
    from (
      select *, ${nowText} - interval '730 days' + i * interval '${stepMs} milliseconds' as made,
        case when r / 13 % 10 < 3 then 0
          else ${today} - least(r / 17 % 30 * (r / 17 % 30) , floor((${keys} - i)::numeric * 730 / ${keys})::int)
        end as used,
        case r / 19 % 10
          when 0 then ${nowText} - (r % 200) * interval '1 hour' - interval '1 hour'
          when 1 then ${nowText} + (1 + r % 90) * interval '1 day'
          when 2 then ${nowText} + (1 + r % 90) * interval '1 day'
          when 3 then ${nowText} + (90 + r % 275) * interval '1 day'
          when 4 then ${nowText} + (90 + r % 275) * interval '1 day'
          when 5 then ${nowText} + (90 + r % 275) * interval '1 day'
        end as ends
      from (select i, (i::bigint * 2654435761 % 1000003)::int as r from generate_series(0, ${keys - 1}) i) as numbered
    ) as drawn`)
  await run(`
    insert into secrets (hash, id, holder_id, hint, created_at, expires_at, last_used_at, last_used_ip)
    select sha256(convert_to('bench ' || i, 'UTF8')), ${idOf('sec')}, ${idOf('key')},
      'sk_live_' || substr(translate(encode(sha256(convert_to('hint ' || i, 'UTF8')), 'base64'), '+/', 'xy'), 1, 4) || '…',
      created_at, ends_at, case when used_day > 0 then timestamptz 'epoch' + used_day * interval '1 day' end,
      case when used_day > 0 then '203.0.113.7' end
    from generate_series(0, ${keys - 1}) i join keys on keys.id = ${idOf('key')}`)
  for (const statement of indexes) await run(statement)
  await run('alter table secrets enable trigger secrets_end_keys')
  for (const table of ['owners', 'keys', 'secrets', 'admin_keys']) await run(`vacuum analyze ${table}`)
  await client.end()
}

/** As long as real ids, and scattered like them. */
function idOf(kind: 'key' | 'sec'): string {
  return `('${kind}_' || substr(md5(i::text), 1, 20))`
}

/** Drops the indexes of keys and secrets, but those of their constraints; returns the statements that create them again. */
async function dropIndexes(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query(`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
    from pg_index where indrelid in ('keys'::regclass, 'secrets'::regclass)
      and not exists (select from pg_constraint where conindid = indexrelid)`)
  for (const { name } of rows) await client.query(`drop index ${name}`)
  return rows.map(({ definition }) => definition)
}
