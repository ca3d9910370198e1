import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { testPlace } from '../../../test/database.ts'
import { openDatabase } from '../open.ts'
import { up as foundation } from './0001-foundation.ts'
import { up as usage } from './0003-usage.ts'

it('OPS-02: keeps usage that was counted by hour, before there were scopes and minutes', async () => {
  const empty = await testPlace({ empty: true })
  const { db, close } = await openDatabase(empty.place)
  const untyped = db as unknown as Kysely<unknown>
  await foundation(untyped)
  await sql`
    insert into usage (credential_id, outcome, hour, count) values
      ('sec_1', 'accepted', '2030-01-01T01:00:00Z', 5),
      ('sec_2', 'accepted', '2030-01-01T01:00:00Z', 3),
      ('sec_1', 'expired', '2030-01-01T01:00:00Z', 2),
      ('sec_1', 'accepted', '2030-01-01T02:00:00Z', 7)`.execute(db)
  await usage(untyped)
  const rows = await db.selectFrom('usage_hours').selectAll().execute()
  assert.deepEqual(
    rows
      .map(
        ({ credential_id, bucket, outcome, scope, count, calls }) =>
          `${credential_id} ${bucket.toISOString().slice(0, 13)} ${outcome} '${scope}' ${count} ${calls}`,
      )
      .sort(),
    [
      "all 2030-01-01T01 accepted '' 8 8",
      "all 2030-01-01T01 expired '' 2 2",
      "all 2030-01-01T02 accepted '' 7 7",
      "sec_1 2030-01-01T01 accepted '' 5 5",
      "sec_1 2030-01-01T01 expired '' 2 2",
      "sec_1 2030-01-01T02 accepted '' 7 7",
      "sec_2 2030-01-01T01 accepted '' 3 3",
    ],
  )
  await close()
  await empty.release()
})
