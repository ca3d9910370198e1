import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { openWorld, type World } from './world.ts'

const PYTHON = ['/usr/bin/python3', '/usr/local/bin/python3'].find(
  (python) => spawnSync(python, ['--version']).status === 0,
)
const skip = PYTHON === undefined && 'no Python 3'

const guide = readFileSync(new URL('../../docs/guides/any-language.md', import.meta.url), 'utf8')
const lines = /^```python\n(.*?)^```/ms.exec(guide)?.[1] ?? ''

describe('the guide for any language', () => {
  let world: World
  before(async () => {
    world = await openWorld()
  })
  after(() => world.close())

  it('contains Python code that accepts a key and returns the reason of a refusal', { skip }, async () => {
    const { body: key } = await world.call('POST', '/v1/keys', {
      owner_id: 'org_1',
      name: 'python',
      environment: 'live',
      scopes: ['orders:read'],
    })
    const program = `${lines}
import sys
principal, _ = verify(sys.argv[1], "orders:read")
print(json.dumps([principal["owner_id"], verify(sys.argv[1], "orders:write")[1], verify("sk_x")[1]]))`
    const env = { ...process.env, DOORWARD_URL: world.issuer, DOORWARD_VERIFY_KEY: world.verifyKey }
    const child = spawn(PYTHON ?? '', ['-c', program, key.secret], { env })
    const [said, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    assert.equal(errors, '')
    assert.deepEqual(JSON.parse(said), ['org_1', 'missing_scope', 'malformed'])
  })
})
