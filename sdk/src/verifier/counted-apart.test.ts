import assert from 'node:assert/strict'
import test from 'node:test'
import { mintCredential } from '../credential/credential.ts'
import { createGuard } from '../guard/guard.ts'
import type { GuardOptions } from '../guard/guard-options.ts'
import { memoryLimiter } from '../limits/memory-limiter.ts'
import { Records } from '../source/record.fixture.ts'

test('VER-09: a second guard that counts the same limits for itself is warned of, once per process', async (t) => {
  const emitWarning = t.mock.method(process, 'emitWarning', () => {})
  const adminKey = mintCredential('admin_key').reveal()
  const limiter = memoryLimiter()
  const source = new Records()
  const open = (more: Partial<GuardOptions> = {}) => {
    const guard = createGuard({
      url: 'https://doorward.example',
      adminKey,
      environment: 'live',
      feed: false,
      ...more,
    })
    t.after(() => guard.close())
    return guard
  }
  const first = open()
  const apart: [name: string, more: Partial<GuardOptions>][] = [
    ['another environment', { environment: 'test' }],
    ['another server', { url: 'https://other.example' }],
    ['a limiter that is shared', { limiter }],
    ['the same limiter again', { limiter }],
    ['a source of its own', { source }],
    ['the same source again', { source }],
  ]
  for (const [name, more] of apart) {
    open(more)
    assert.equal(emitWarning.mock.callCount(), 0, name)
  }
  await first.close()
  await first.close()
  open()
  assert.equal(emitWarning.mock.callCount(), 0, 'the first is closed')
  open({ url: 'https://doorward.example/' })
  assert.equal(emitWarning.mock.callCount(), 1)
  assert.match(String(emitWarning.mock.calls[0]?.arguments[0]), /called twice for the environment live/)
  open()
  open({ environment: 'test' })
  assert.equal(emitWarning.mock.callCount(), 1, 'said once')
})
