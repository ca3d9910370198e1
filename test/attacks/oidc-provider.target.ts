import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePort } from '../free-port.ts'
import { endAtExit } from '../left-behind.ts'
import { ask } from '../postgres-ask.ts'
import { follow, formOf, openAttackBrowser } from './browser.ts'
import { dumpOf } from './dump.ts'
import { authorizePath, LOOPBACK_URI, REDIRECT_URI } from './requests.ts'
import type { AttackAnswer, AttackBrowser, Target } from './target.ts'

const PROGRAM = fileURLToPath(new URL('oidc-provider.program.ts', import.meta.url))
const RESOURCE = 'https://api.example.com/'
const SCOPES = ['orders:read', 'orders:write'] as const

/** `oidc-provider` as a sensible integrator would configure it, with its own trial pages. */
export async function openOidcProvider(postgresUrl: string): Promise<Target> {
  const name = `attacks_oidc_${process.pid}`
  await ask(postgresUrl, `create database ${name}`)
  const database = new URL(postgresUrl)
  database.pathname = `/${name}`
  const ports = [await freePort(), await freePort()] as const
  const nodes = [`http://127.0.0.1:${ports[0]}`, `http://127.0.0.1:${ports[1]}`] as const
  const issuer = nodes[0]
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const usual = {
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [REDIRECT_URI],
  }
  const clients = {
    mine: { id: 'mine', secret: 'a secret of mine, long enough' },
    other: { id: 'other', secret: 'a secret of another, long enough' },
    native: { id: 'native', secret: null },
    machine: { id: 'machine', secret: 'a secret of a machine, long enough' },
  }
  const registered = [
    { ...usual, client_id: clients.mine.id, client_secret: clients.mine.secret },
    { ...usual, client_id: clients.other.id, client_secret: clients.other.secret },
    {
      client_id: clients.machine.id,
      client_secret: clients.machine.secret,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
    {
      ...usual,
      client_id: clients.native.id,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: [LOOPBACK_URI],
    },
  ]
  const start = async (port: number) => {
    const child = spawn(process.execPath, [PROGRAM], {
      env: {
        PATH: process.env.PATH ?? '',
        DATABASE_URL: database.href,
        PORT: String(port),
        ISSUER: issuer,
        CLIENTS: JSON.stringify(registered),
        RESOURCE,
        SCOPE: SCOPES.join(' '),
        SIGNING_KEY: JSON.stringify({
          ...privateKey.export({ format: 'jwk' }),
          kid: 'k',
          alg: 'ES256',
          use: 'sig',
        }),
        NODE_NO_WARNINGS: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.once(
      'exit',
      endAtExit(() => child.kill('SIGKILL')),
    )
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text))
    const giveUpAt = Date.now() + 60_000
    while (!said.includes('ready')) {
      if (Date.now() > giveUpAt || child.exitCode !== null)
        throw new Error(`oidc-provider does not start:\n${said}`)
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    return child
  }
  const processes = [await start(ports[0]), await start(ports[1])]
  const stop = async (at: number) => {
    const child = processes[at]
    if (child === undefined || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  const submit = async (browser: AttackBrowser, page: AttackAnswer, more: [string, string][]) => {
    const form = formOf(page.text)
    if (form === null) return page
    const { pathname, search } = new URL(form.action, issuer)
    return await follow(
      browser,
      await browser.send('POST', pathname + search, { form: [...form.fields, ...more] }),
      nodes,
    )
  }
  const isSignIn = (page: AttackAnswer) => page.text.includes('name="password"')
  const consentPage: Target['consentPage'] = async (browser, asked) => {
    const first = await follow(browser, await browser.send('GET', authorizePath('/auth', asked)), nodes)
    return isSignIn(first)
      ? await submit(browser, first, [
          ['login', 'ann'],
          ['password', 'x'],
        ])
      : first
  }
  return {
    name: 'oidc-provider 9.13.3',
    issuer,
    nodes,
    paths: {
      authorize: '/auth',
      token: '/token',
      revoke: '/token/revocation',
      introspect: '/token/introspection',
      register: '/reg',
      metadata: '/.well-known/openid-configuration',
    },
    clients,
    redirectUri: REDIRECT_URI,
    loopbackUri: LOOPBACK_URI,
    scopes: SCOPES,
    resource: RESOURCE,
    browser: (node = 0) => openAttackBrowser(nodes[node], issuer),
    consentPage,
    approve: async (browser, asked) => {
      const page = await consentPage(browser, asked)
      return page.location === null ? await submit(browser, page, []) : page
    },
    swapUser: async (browser) => {
      const page = await follow(
        browser,
        await browser.send('GET', authorizePath('/auth', { client_id: 'mine', prompt: 'login' })),
        nodes,
      )
      await submit(browser, page, [
        ['login', 'bob'],
        ['password', 'x'],
      ])
    },
    adminKey: null,
    databaseUrl: database.href,
    dump: () => dumpOf(database.href),
    restart: async (node) => {
      await stop(node)
      processes[node] = await start(ports[node])
    },
    close: async () => {
      await stop(0)
      await stop(1)
      await ask(postgresUrl, `drop database ${name} with (force)`)
    },
  }
}
