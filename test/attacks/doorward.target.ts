import { mintCredential } from '@doorward/sdk/kernel'
import { ask } from '../postgres-ask.ts'
import { type ServerProcess, startServer } from '../server-process.ts'
import { follow, formOf, openAttackBrowser } from './browser.ts'
import { dumpOf } from './dump.ts'
import { authorizePath, LOOPBACK_URI, REDIRECT_URI } from './requests.ts'
import type { AttackAnswer, AttackBrowser, AttackClient, Target } from './target.ts'

const PASSWORD = 'two brown owls tap'
const ISSUER = 'http://issuer.test'
const SCOPES = ['orders:read', 'orders:write'] as const

/** Doorward, as two servers on one Postgres. */
export async function openDoorward(postgresUrl: string): Promise<Target> {
  const name = `attacks_doorward_${process.pid}`
  await ask(postgresUrl, `create database ${name}`)
  const database = new URL(postgresUrl)
  database.pathname = `/${name}`
  const adminKey = mintCredential('admin_key').reveal()
  const env = {
    DATABASE_URL: database.href,
    PUBLIC_URL: ISSUER,
    DOORWARD_SECRET: 'the secret of both servers, 32 bytes and more',
  }
  const first = await startServer(env, adminKey)
  const servers: [ServerProcess, ServerProcess] = [first, await startServer(env, adminKey)]
  const nodes: [string, string] = [servers[0].url, servers[1].url]

  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await servers[0].call(method, path, body)
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  for (const scope of SCOPES)
    await call('POST', '/v1/scopes', { name: scope, description: `Allows ${scope}` })
  const { data: apis } = await call('GET', '/v1/apis')
  for (const [email, owner] of [
    ['ann@example.com', 'org_1'],
    ['bob@example.com', 'org_1'],
  ]) {
    const user = await call('POST', '/v1/users', { email, name: email, password: PASSWORD })
    await servers[0].call('PUT', `/v1/owners/${owner}/members/${user.id}`)
  }
  const register = async (more: Record<string, unknown>): Promise<AttackClient> => {
    const usual = { name: 'An app', type: 'confidential', redirect_uris: [REDIRECT_URI], scopes: SCOPES }
    const made = await call('POST', '/v1/clients', { ...usual, ...more })
    return { id: made.client_id, secret: made.client_secret ?? null }
  }
  const clients = {
    mine: await register({}),
    other: await register({}),
    native: await register({ type: 'public', redirect_uris: [LOOPBACK_URI] }),
    machine: await register({
      owner_id: 'org_1',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scopes: [],
      client_credentials_scopes: SCOPES,
    }),
  }

  const ours = () => [ISSUER, ...nodes]
  const submit = async (browser: AttackBrowser, page: AttackAnswer, more: [string, string][]) => {
    const form = formOf(page.text)
    if (form === null) return page
    return await follow(
      browser,
      await browser.send('POST', form.action, { form: [...form.fields, ...more] }),
      ours(),
    )
  }
  const signIn = async (browser: AttackBrowser, page: AttackAnswer, email: string) =>
    page.text.includes('name="password"')
      ? await submit(browser, page, [
          ['email', email],
          ['password', PASSWORD],
        ])
      : page
  const consentPage: Target['consentPage'] = async (browser, asked) => {
    const path = authorizePath('/oauth/authorize', asked)
    return await signIn(
      browser,
      await follow(browser, await browser.send('GET', path), ours()),
      'ann@example.com',
    )
  }
  return {
    name: 'Doorward',
    issuer: ISSUER,
    nodes,
    paths: {
      authorize: '/oauth/authorize',
      token: '/oauth/token',
      revoke: '/oauth/revoke',
      introspect: '/oauth/introspect',
      register: '/oauth/register',
      metadata: '/.well-known/oauth-authorization-server',
    },
    clients,
    redirectUri: REDIRECT_URI,
    loopbackUri: LOOPBACK_URI,
    scopes: SCOPES,
    resource: apis[0].identifier,
    browser: (node = 0) => openAttackBrowser(nodes[node], ISSUER),
    consentPage,
    approve: async (browser, asked) => {
      const page = await consentPage(browser, asked)
      return page.location === null ? await submit(browser, page, [['decision', 'allow']]) : page
    },
    swapUser: async (browser) => {
      const page = await follow(browser, await browser.send('GET', '/sign-in'), ours())
      await submit(browser, page, [])
      await signIn(
        browser,
        await follow(browser, await browser.send('GET', '/sign-in'), ours()),
        'bob@example.com',
      )
    },
    adminKey,
    databaseUrl: database.href,
    dump: () => dumpOf(database.href),
    restart: async (node) => {
      await servers[node].kill('SIGKILL')
      servers[node] = await startServer(env, adminKey)
      nodes[node] = servers[node].url
    },
    close: async () => {
      for (const server of servers) await server.kill('SIGKILL')
      await ask(postgresUrl, `drop database ${name} with (force)`)
    },
  }
}
