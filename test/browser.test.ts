import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explainRefusal, hintOf } from '@doorward/sdk/rules'
import { evaluateWith, moduleGraph, serveModules } from './browser-modules.ts'
import { noChromium, openChromium } from './chromium.ts'

/** The rules that a dashboard calls, so that a screen and the server cannot disagree. */
const MODULES = [
  'sdk/src/rules.ts',
  'src/keys/key.ts',
  'src/clients/client.ts',
  'src/secrets/secret.ts',
  'src/owners/owner.ts',
]

describe('the rules that a browser loads', () => {
  for (const file of MODULES)
    it(`${file} needs no module of Node and no package`, () => {
      assert.deepEqual(
        moduleGraph(file).filter((name) => !/^(src|sdk\/src)\//.test(name)),
        [],
      )
    })

  it('are checked by a graph that follows imports: it finds a module that loads Node', () => {
    assert.ok(moduleGraph('sdk/src/kernel.ts').includes('node:crypto'))
  })

  it('load in Chromium, and return the same there as in Node', { skip: noChromium }, async () => {
    await using modules = await serveModules()
    const browser = await openChromium()
    try {
      const page = await browser.newPage()
      await page.goto(modules.origin)
      for (const file of MODULES)
        assert.ok(
          ((await evaluateWith(page, file, 'Object.keys')) as string[]).length > 0 || /owner\.ts$/.test(file),
          file,
        )
      const answers = await evaluateWith(
        page,
        'sdk/src/rules.ts',
        `(rules) => [
        rules.parseScope('orders:read'),
        rules.parseScope('orders'),
        rules.endedBy({ retiresAt: null, expiresAt: new Date(5), revokedAt: null, retiredAt: null,
          ownerSuspendedAt: null, disabledAt: null }, 5).reason,
        rules.explainRefusal({ reason: 'unknown' }),
        rules.whyNotQuota({ limit: -1, period: 'day' }) === null,
        rules.hintOf('sk_live_${'a'.repeat(49)}'),
      ]`,
      )
      const here = ['orders:read', null, 'expired', explainRefusal({ reason: 'unknown' }), false]
      assert.deepEqual(answers, [...here, hintOf(`sk_live_${'a'.repeat(49)}`)])
    } finally {
      await browser.close()
    }
  })
})
