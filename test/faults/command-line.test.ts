import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseCredential } from '@doorward/sdk/kernel'
import { runMain } from '../server-process.ts'

/** Whatever ends before a database is opened. */
describe('the command line', () => {
  let directory: string
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'doorward-command-line-'))
  })
  after(() => rmSync(directory, { recursive: true }))

  it('OPS-10: reports every configuration fault at once, and an unknown name with the nearest known one', async () => {
    const { code, said } = await runMain([], {
      PORT: 'http',
      PUBLIC_URL: 'example.com',
      DOORWARD_ADMIN_KEY: 'ak_nonsense',
      DOORWARD_BRAND: 'Acme!',
      DOORWARD_ENVIRONMENTS: 'live,sk',
      DOORWARD_TRUSTED_PROXIES: '10.0.0.0/8,proxy',
      DOORWARD_SSO_NETWORKS: '10.0.0.0/8,id.internal',
      DOORWARD_HOSTS: 'https://doorward.internal.example',
      DOORWARD_LOG_LEVL: 'debug',
      DOORWARD_SECRET: 'only-eighteen-char',
      LOGIN_URL: 'javascript:alert(1)',
    })
    assert.equal(code, 2)
    for (const name of [
      'PORT',
      'PUBLIC_URL',
      'ADMIN_KEY',
      'BRAND',
      'ENVIRONMENTS',
      'TRUSTED_PROXIES holds proxy',
      'DOORWARD_SSO_NETWORKS holds id.internal',
      'DOORWARD_SECRET must have at least 32 bytes; create one with `openssl rand -base64 32`',
      'LOGIN_URL must be an http(s):// URL',
      'DOORWARD_HOSTS must list host names without port',
    ])
      assert.ok(said.includes(name), name)
    assert.match(said, /DOORWARD_LOG_LEVL is not a setting of Doorward; did you mean DOORWARD_LOG_LEVEL\?/)
    assert.ok(!said.includes('ak_nonsense') && !said.includes('only-eighteen-char'))
  })

  it('OPS-10 CRY-06: refuses an external login without a secret that all servers share', async () => {
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/none', LOGIN_URL: 'https://login.example.com/' }
    const { code, said } = await runMain([], env)
    assert.equal(code, 2)
    assert.match(said, /LOGIN_URL needs DOORWARD_SECRET beside it; create one with `openssl rand -base64 32`/)
  })

  it('--help lists every command and setting; an unknown command is refused', async () => {
    const { code, said } = await runMain(['--help'], {})
    assert.equal(code, 0)
    for (const word of [
      'serve',
      'migrate',
      'verify-audit',
      'archive-audit',
      'admin-key',
      'DOORWARD_CATALOGUE',
      'DATABASE_URL',
    ])
      assert.ok(said.includes(word), word)
    assert.equal((await runMain(['sevre'], {})).code, 2)
    assert.equal((await runMain(['--frce'], {})).code, 2)
  })

  it('prints a well-formed admin key without registering it', async () => {
    const minted = await runMain(['admin-key', '--mint'], {})
    assert.equal(parseCredential(minted.said.trim())?.kind, 'admin_key')
  })

  it('OPS-10: a missing rules file is reported as such, not as a failure of the database', async () => {
    const env = { DATA_DIR: directory, DOORWARD_FORWARD_AUTH: '/nowhere/a.json', PORT: '0' }
    const { code, said } = await runMain([], env)
    assert.equal(code, 2, said)
    assert.match(said, /DOORWARD_FORWARD_AUTH: \/nowhere\/a\.json cannot/)
    assert.doesNotMatch(said, /database does not answer/)
  })

  it('OPS-10: refuses to start with invalid forward-auth rules, naming the place of each, or with broken JSON', async () => {
    const file = join(directory, 'forward-auth.json')
    const start = async (content: string) => {
      writeFileSync(file, content)
      return await runMain([], { DATA_DIR: directory, DOORWARD_FORWARD_AUTH: file, PORT: '0' })
    }
    const rules = [{ path: '/a/../b', scopes: ['a:read'] }, { path: '/a' }]
    const unsound = await start(JSON.stringify({ proxy: 'squid', environment: 'live', rules }))
    assert.equal(unsound.code, 2)
    for (const place of ['/proxy must be', '/rules/0/path must be', '/rules/1 must have'])
      assert.ok(unsound.said.includes(place), unsound.said)
    const broken = await start('{\n  "proxy": "nginx",\n  rules\n}')
    assert.equal(broken.code, 2)
    assert.match(broken.said, /forward-auth\.json cannot be read as JSON[\s\S]*line 3/)
  })
})
