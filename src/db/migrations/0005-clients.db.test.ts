import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { testPlace } from '../../../test/database.ts'
import { openDatabase } from '../open.ts'
import { up as foundation } from './0001-foundation.ts'
import { up as clients } from './0005-clients.ts'

it('OPS-02: admin keys with all permissions keep all, and no other key gains any', async () => {
  const empty = await testPlace({ empty: true })
  const { db, close } = await openDatabase(empty.place)
  const untyped = db as unknown as Kysely<unknown>
  await foundation(untyped)
  const all =
    '{keys:read,keys:write,owners:read,owners:write,scopes:read,scopes:write,admin_keys:read,admin_keys:write,audit:read,verify}'
  const bound = '{keys:read,keys:write,owners:read,owners:write,scopes:read,audit:read}'
  await sql`
    insert into admin_keys (id, name, permissions, owner_id, created_by, created_at) values
      ('adm_full', 'a', ${all}::text[], null, 'system', now()),
      ('adm_some', 'a', array_remove(${all}::text[], 'verify'), null, 'system', now()),
      ('adm_bound', 'a', ${bound}::text[], 'org_1', 'system', now())`.execute(db)
  await clients(untyped)
  const rows = await db.selectFrom('admin_keys').select(['id', 'permissions']).orderBy('id').execute()
  assert.deepEqual(
    rows.map(({ id, permissions }) => `${id} ${permissions.length} ${permissions.includes('clients:write')}`),
    ['adm_bound 6 false', 'adm_full 12 true', 'adm_some 9 false'],
  )
  await close()
  await empty.release()
})
