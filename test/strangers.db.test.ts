import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { CONSENT_PATH } from '../src/oauth/authorize/paths.ts'
import { authorizePath, type OAuthApp, openOAuthApp, pkce } from './oauth.ts'

describe('rows that strangers can cause', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp()
    await oauth.app.call('POST', '/v1/scopes', { name: 'orders:read', description: 'See your orders' })
  })
  after(() => oauth.close())

  const host = 'doorward.test'
  const get = async (url: string, cookie = '') =>
    await oauth.app.app.inject({
      url,
      headers: { host, ...(cookie === '' ? {} : { cookie }) },
    })
  const asked = (client_id: string) => ({ client_id, scope: 'orders:read', code_challenge: pkce().challenge })

  it('STO-12: no path that a browser can open stores more than six hundred rows a minute for a network, in any table', async () => {
    const { app } = oauth
    const { client_id } = await app.clientFor(null)
    const authorize = authorizePath(asked(client_id))
    const begun = await get(authorize)
    assert.equal(begun.statusCode, 303)
    const waiting = await latestReturn(oauth)
    const [browser = ''] = String(begun.headers['set-cookie']).split(';', 1)
    const paths = pathsOf(app.app.printRoutes({ commonPrefix: false }))
    for (const known of ['/connected-apps', '/oauth/consent', '/staff/sso/confirm', '/v1/keys/x'])
      assert.ok(paths.includes(known), `${known} of ${paths.join(' ')}`)
    const tried: [url: string, cookie?: string][] = [
      ...paths.map((path): [string] => [path]),
      [authorize],
      [waiting, browser],
    ]

    const storing: typeof tried = []
    for (const one of tried) {
      const before = await rowsByTable(oauth)
      await get(...one)
      if (grownBy(before, await rowsByTable(oauth)).some(([, rows]) => rows > 0)) storing.push(one)
    }
    assert.deepEqual(storing.map(([url]) => url.split('?')[0]).sort(), [
      '/connected-apps',
      '/oauth/authorize',
      '/oauth/consent',
      '/sign-in',
    ])

    const before = await rowsByTable(oauth)
    const refused = new Map<string, number>()
    for (const one of storing)
      for (let n = 0; n < 620; n++) {
        const { statusCode, headers } = await get(...one)
        if (statusCode === 429 && Number(headers['retry-after']) > 0)
          refused.set(one[0], (refused.get(one[0]) ?? 0) + 1)
      }
    assert.ok([...refused.values()].every((times) => times >= 20) && refused.size === storing.length)
    const grown = grownBy(before, await rowsByTable(oauth)).filter(([, rows]) => rows > 0)
    assert.deepEqual(grown.map(([table]) => table).sort(), ['authorization_requests', 'login_challenges'])
    for (const [table, rows] of grown) assert.ok(rows <= 600, `${rows} rows of ${table}`)
    app.clock.advance({ seconds: 61 })
    assert.equal((await get('/connected-apps')).statusCode, 303)
  })
})

/** The path to which the latest sign-in that was begun returns. */
async function latestReturn({ app }: OAuthApp): Promise<string> {
  const challenges = app.db.selectFrom('login_challenges').select('return_to')
  const { return_to } = await challenges
    .where('return_to', 'like', `${CONSENT_PATH}%`)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow()
  return return_to
}

/** The GET paths in Fastify's tree of routes, with a letter for each parameter. */
function pathsOf(tree: string): string[] {
  const parents: string[] = []
  const paths: string[] = []
  for (const line of tree.split('\n')) {
    const [, indent = '', part = '', methods = ''] = /^([│ ]*)[└├]── (\S*)(?: \((.*)\))?$/u.exec(line) ?? []
    if (part === '') continue
    const depth = indent.length / 4
    const path = (parents[depth - 1] ?? '') + part
    parents[depth] = path
    if (methods.split(', ').includes('GET'))
      paths.push(path.replaceAll(/:\w+|\*/g, 'x').replaceAll('//', '/'))
  }
  return paths
}

/** Rows of all tables but that of refused attempts, which has a bound of its own (AUD-12) and is written by a timer. */
async function rowsByTable({ app }: OAuthApp): Promise<ReadonlyMap<string, number>> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = current_schema() and table_type = 'BASE TABLE' and table_name <> 'refused_attempts'`.execute(
    app.db,
  )
  const counts = tables.map(
    ({ name }) => sql`select ${name} as name, count(*)::int as n from ${sql.table(name)}`,
  )
  const { rows } = await sql<{ name: string; n: number }>`${sql.join(counts, sql` union all `)}`.execute(
    app.db,
  )
  return new Map(rows.map(({ name, n }) => [name, n]))
}

function grownBy(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): [string, number][] {
  return [...after].map(([table, n]) => [table, n - (before.get(table) ?? 0)])
}
