import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { yes } from '../src/base/result.ts'
import { CONSENT_PATH, REFUSED_PATH } from '../src/oauth/authorize/paths.ts'
import { DEFAULT_TOKEN_LIFETIMES } from '../src/oauth/tokens/token-lifetimes.ts'
import type { FetchDocument } from '../src/outbound/guarded-fetch.ts'
import { openJar } from './cookie-jar.ts'
import { OF_SERVERS } from './management/content.ts'
import {
  allow,
  arrive,
  authorizePath,
  connect,
  EMAIL,
  type OAuthApp,
  openOAuthApp,
  pkce,
  REDIRECT_URI,
} from './oauth.ts'
import { makeUser } from './sign-in.ts'

const TOOL = { redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'none' }

describe('rows that strangers can cause', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp({
      fetchDocument,
      oauth: {
        lifetimes: DEFAULT_TOKEN_LIFETIMES,
        grantSeconds: null,
        documentHosts: 'any',
        registration: true,
      },
    })
    await oauth.app.call('POST', '/v1/scopes', { name: 'orders:read', description: 'See your orders' })
  })
  after(() => oauth.close())

  /** Documents on the Internet say whatever their author likes, each time. */
  let edition = 0
  const fetchDocument: FetchDocument = async (url) =>
    yes({ json: { ...TOOL, client_id: url, client_name: `Tool, edition ${edition}` }, maxAgeSeconds: 300 })

  const host = 'doorward.test'
  const get = async (url: string, cookie = '', remoteAddress = '127.0.0.1') =>
    await oauth.app.app.inject({
      url,
      remoteAddress,
      headers: { host, ...(cookie === '' ? {} : { cookie }) },
    })
  const register = async (remoteAddress: string, more: object = {}) => {
    const payload = { ...TOOL, client_name: 'Editor', ...more }
    const asked = {
      method: 'POST',
      url: '/oauth/register',
      remoteAddress,
      headers: { host },
      payload,
    } as const
    const made = await oauth.app.app.inject(asked)
    assert.equal(made.statusCode, 201, made.body)
    return made.json().client_id as string
  }
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

  it('AUD-12: registrations, documents that change, and cancelled sign-ins of strangers are no audit events', async () => {
    const { app } = oauth
    const before = await eventsOf(oauth)
    for (let n = 0; n < 300; n++) await register(`198.51.${n >> 8}.${n & 255}`)
    for (edition = 0; edition < 3; edition++) {
      for (let n = 0; n < 40; n++) {
        const path = authorizePath(asked(`https://tool${n}.example/client.json`))
        assert.equal((await get(path, '', `203.0.${edition}.${n}`)).statusCode, 303)
      }
      app.clock.advance({ seconds: 301 })
    }
    const told = await app.db
      .selectFrom('clients')
      .select('name')
      .where('source', '=', 'metadata_document')
      .execute()
    assert.deepEqual(new Set(told.map(({ name }) => name)), new Set(['Tool, edition 2']))
    const begun = await get(authorizePath(asked(await register('192.0.2.7'))))
    const [browser = ''] = String(begun.headers['set-cookie']).split(';', 1)
    const cancelled = await get((await latestReturn(oauth)).replace(CONSENT_PATH, REFUSED_PATH), browser)
    assert.match(String(cancelled.headers.location), /[?&]error=access_denied/)
    assert.deepEqual(await eventsOf(oauth), before)
  })

  it('AUD-05 AUD-12: an app that registered itself is in the audit log once a user has allowed it, and only once', async () => {
    const { app, origin, userId } = oauth
    const other = await makeUser(app, 'bo@example.com', ['org_2'])
    const id = await register('192.0.2.8', { token_endpoint_auth_method: 'client_secret_basic' })
    const people = [EMAIL, 'bo@example.com'].map((email) => ({ email, jar: openJar(origin) }))
    const pages = await Promise.all(
      people.map(async ({ email, jar }) => ({
        jar,
        page: await arrive(jar, authorizePath(asked(id)), email),
      })),
    )
    await Promise.all(pages.map(({ jar, page }) => allow(jar, page)))
    const events = await eventsOf(oauth)
    const registered = events.filter(({ target_id }) => target_id === id)
    assert.deepEqual(
      registered.map(({ action, actor_kind }) => [action, actor_kind]),
      [['client.registered', 'user']],
    )
    assert.ok([userId, other].includes(String(registered[0]?.actor_id)))
    const { hint, ...detail } = (registered[0]?.detail ?? {}) as { hint?: string }
    assert.deepEqual(detail, { name: 'Editor', redirect_uris: TOOL.redirect_uris })
    assert.match(hint ?? '', /\w/)
    const granted = events.findIndex(({ detail }) => (detail as { client_id?: string }).client_id === id)
    assert.equal(events[granted - 1]?.target_id, id, 'the app stands before its first grant')
  })

  it('AUD-05 AUD-12: an app with a document is in the audit log from its first grant on, with each change', async () => {
    const { app, origin } = oauth
    const id = 'https://known.example/client.json'
    const actions = async () =>
      (await eventsOf(oauth)).filter(({ target_id }) => target_id === id).map(({ action }) => action)
    await get(authorizePath(asked(id)))
    assert.deepEqual(await actions(), [])
    await connect(openJar(origin), asked(id))
    assert.deepEqual(await actions(), ['client.created'])
    await connect(openJar(origin), asked(id))
    edition += 1
    app.clock.advance({ seconds: 301 })
    await get(authorizePath(asked(id)))
    assert.deepEqual(await actions(), ['client.created', 'client.changed'])
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

async function eventsOf({ app }: OAuthApp) {
  const columns = ['action', 'target_id', 'actor_kind', 'actor_id', 'detail'] as const
  return await app.db.selectFrom('audit_events').select(columns).orderBy('seq').execute()
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

/**
 * Rows of all tables but that of refused attempts, which has a bound of its own (AUD-12) and is written by a timer, and
 * those that servers write about themselves.
 */
async function rowsByTable({ app }: OAuthApp): Promise<ReadonlyMap<string, number>> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = current_schema() and table_type = 'BASE TABLE'
      and table_name <> all(${['refused_attempts', ...OF_SERVERS]})`.execute(app.db)
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
