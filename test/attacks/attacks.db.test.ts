import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ENGINE } from '../database.ts'
import { ATTACKS, attack } from './attacks.ts'
import { openDoorward } from './doorward.target.ts'
import { openOidcProvider } from './oidc-provider.target.ts'
import type { Target } from './target.ts'

const postgresUrl = process.env.TEST_POSTGRES_URL ?? ''
const skip = ENGINE === 'postgres' ? false : 'two processes need a Postgres'

// Reported once, not for each attack.
if (skip !== false) it('attacks on Doorward and on oidc-provider', { skip })

describe('attacks on Doorward, two processes on one Postgres', { skip }, () => {
  let target: Target
  before(async () => {
    if (skip === false) target = await openDoorward(postgresUrl)
  })
  after(() => target?.close())

  for (const each of ATTACKS)
    it(`${each.guarantees}: ${each.what}`, async () => {
      assert.deepEqual(await attack(each, target), { outcome: 'held' })
    })
})

describe('the same attacks on oidc-provider', { skip }, () => {
  it('find its known weaknesses, which shows that the attacks can fail', async () => {
    const target = await openOidcProvider(postgresUrl)
    try {
      const known = ATTACKS.filter(({ guarantees }) => guarantees === 'META-03' || guarantees === 'STO-01')
      assert.equal(known.length, 2)
      for (const each of known) assert.equal((await attack(each, target)).outcome, 'broken', each.what)
    } finally {
      await target.close()
    }
  })
})
