import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openWorld, type World } from './world.ts'

const PYTHON = ['/usr/bin/python3', '/usr/local/bin/python3'].find(
  (python) => spawnSync(python, ['-c', 'import authlib, requests_oauthlib']).status === 0,
)
const skip =
  PYTHON === undefined
    ? 'no Python with authlib and requests_oauthlib: apt install python3-authlib python3-requests-oauthlib'
    : false

describe('clients in Python', () => {
  let world: World
  before(async () => {
    if (skip === false) world = await openWorld()
  })
  after(() => world?.close())

  /** Runs a script that prints a URL, reads the URL of the redirect, and prints its result. */
  async function connect(script: string) {
    const { clientId, clientSecret } = await world.confidential()
    const { verifier } = await world.pkce()
    const args = [world.issuer, clientId, clientSecret, world.redirectUri, verifier]
    const child = spawn(PYTHON ?? '', [fileURLToPath(new URL(script, import.meta.url)), ...args])
    const closed = once(child, 'close')
    let said = ''
    child.stderr.on('data', (text) => (said += text))
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const { value: url } = await lines.next()
    assert.ok(url, said)
    child.stdin.end(`${(await world.approve(new URL(url))).href}\n`)
    const { value: result } = await lines.next()
    await closed
    assert.ok(result, said)
    return JSON.parse(result)
  }

  it('Authlib connects, refreshes, introspects and revokes', { skip }, async () => {
    const { first, second, told, over } = await connect('authlib_client.py')
    assert.notEqual(first, second)
    assert.deepEqual([told.active, told.sub, told.scope], [true, world.userId, 'orders:read'])
    assert.deepEqual(over, { active: false })
    assert.equal(await world.api(second), 401)
  })

  it('requests-oauthlib connects and refreshes', { skip }, async () => {
    const { first, second } = await connect('requests_oauthlib_client.py')
    assert.notEqual(first, second)
    assert.equal(await world.api(second), 200)
  })
})
