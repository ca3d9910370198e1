import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { testClock } from '../../test/clock.ts'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { pruneSessions } from '../sessions/session.store.ts'
import { prunePasswordLinks } from '../users/password-link.store.ts'
import { pruneChallenges } from './login-challenge.store.ts'

describe('pruning of expired rows', () => {
  let place: TestDatabase
  beforeEach(async () => {
    place = await openTestDatabase()
  })
  afterEach(() => place.close())

  it('STO-05: deletes only rows that ended more than a day ago, challenges after ten minutes, however many there are', async () => {
    const { db } = place.database
    const now = testClock().now()
    await sql`insert into users values ('usr_1', 'a@b.example', 'A', false, null, ${now}, ${now})`.execute(db)
    for (const [count, hours] of [
      [2_500, -25],
      [20, -23],
      [30, 1],
    ] as const) {
      const ends = sql`${now}::timestamptz + make_interval(hours => ${hours})`
      const rows = sql`generate_series(1, ${count}) as n`
      const hash = sql`sha256(convert_to(n || ' ' || ${hours}, 'UTF8'))`
      await sql`
        insert into login_challenges (hash, browser_hash, return_to, wants_fresh, created_at, expires_at)
        select ${hash}, ${hash}, '/', false, ${now}, ${ends} from ${rows}`.execute(db)
      await sql`
        insert into sessions (hash, id, user_id, authenticated_at, created_at, seen_at, expires_at)
        select ${hash}, n || ' ' || ${hours}, 'usr_1', ${now}, ${now}, ${now}, ${ends} from ${rows}`.execute(
        db,
      )
      await sql`
        insert into password_links (hash, user_id, created_at, expires_at)
        select ${hash}, 'usr_1', ${now}, ${ends} from ${rows}`.execute(db)
    }
    for (const prune of [pruneChallenges, pruneSessions, prunePasswordLinks]) await prune(db, now)
    for (const table of ['login_challenges', 'sessions', 'password_links'] as const) {
      const rows = await db.selectFrom(table).select('expires_at').execute()
      const [kept, hours] = table === 'login_challenges' ? [30, 0] : [50, 24]
      assert.equal(rows.length, kept, table)
      assert.ok(rows.every(({ expires_at }) => expires_at.getTime() > now.getTime() - hours * 3600_000))
    }
  })
})
