import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../eventually.ts'
import { freePort } from '../free-port.ts'
import { endAtExit, exitWhenTerminated } from '../left-behind.ts'
import { openWorld, type World } from './world.ts'

const APACHE = '/usr/sbin/apache2'
const MODULES = '/usr/lib/apache2/modules'
const isThere = existsSync(APACHE) && existsSync(`${MODULES}/mod_oauth2.so`)
const skip = isThere ? false : 'NO APACHE with mod_oauth2: apt install apache2 libapache2-mod-oauth2'

exitWhenTerminated()

/** An API behind a proxy that supports RFC 7662 and nothing specific to Doorward. */
describe('Apache’s mod_oauth2, as a resource server', () => {
  let world: World
  let directory: string
  let url: string
  let stop: () => Promise<void> = async () => {}
  before(async () => {
    if (!isThere) return
    world = await openWorld()
    directory = mkdtempSync(join(tmpdir(), 'doorward-apache-'))
    chmodSync(directory, 0o755)
    mkdirSync(join(directory, 'htdocs'))
    writeFileSync(join(directory, 'htdocs', 'orders'), 'here')
    const port = await freePort()
    url = `http://127.0.0.1:${port}/orders`
    const asked = {
      'introspect.auth': 'client_secret_basic',
      client_id: 'api',
      client_secret: world.verifyKey,
    }
    const options = new URLSearchParams({ ...asked, expiry: '1' })
    const load = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'oauth2'].map(
      (name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`,
    )
    writeFileSync(
      join(directory, 'httpd.conf'),
      `${load.join('\n')}
ServerRoot ${directory}
ServerName 127.0.0.1
DefaultRuntimeDir ${directory}
PidFile ${directory}/pid
ErrorLog ${directory}/error.log
Listen 127.0.0.1:${port}
User www-data
Group www-data
DocumentRoot ${directory}/htdocs
<Location />
  AuthType oauth2
  OAuth2TokenVerify introspect ${world.issuer}/oauth/introspect ${options}
  Require oauth2_claim scope:orders:read
</Location>
`,
    )
    const child = spawn(APACHE, ['-X', '-f', join(directory, 'httpd.conf')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text))
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.once(
      'exit',
      endAtExit(() => child.kill('SIGKILL')),
    )
    stop = async () => {
      child.kill('SIGTERM')
      await exited
    }
    const giveUpAt = Date.now() + 60_000
    while (!(await fetch(url).catch(() => null))) {
      assert.ok(Date.now() < giveUpAt && child.exitCode === null, said)
      await sleep(50)
    }
  })
  after(async () => {
    if (!isThere) return
    await stop()
    rmSync(directory, { recursive: true, force: true })
    await world.close()
  })

  it('REV-05 REV-08: accepts by introspection a token with the scope, and no other', {
    skip,
  }, async () => {
    const { clientId, clientSecret } = await world.machine()
    const token = async (scope: string) => {
      const answer = await fetch(`${world.issuer}/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
      })
      return ((await answer.json()) as { access_token: string }).access_token
    }
    const ask = async (bearer: string) =>
      (await fetch(url, { headers: bearer === '' ? {} : { authorization: `Bearer ${bearer}` } })).status
    assert.equal(await ask(''), 401)
    assert.equal(await ask('at_live_nonsense'), 401)
    assert.equal(await ask(await token('orders:read')), 200)
    assert.notEqual(await ask(await token('orders:write')), 200)
    const key = await world.call('POST', '/v1/keys', {
      ...{ owner_id: 'org_1', name: 'a key', environment: 'live', scopes: ['orders:read'] },
    })
    assert.equal(await ask(key.body.secret), 200, 'an API key is asked about in the same way')
    await world.call('POST', `/v1/keys/${key.body.id}/revoke`, { reason: 'test' })
    // Apache keeps an answer for as long as its configuration says.
    await eventually(async () => `${await ask(key.body.secret)}`, '401')
  })
})
