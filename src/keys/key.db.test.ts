import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'

describe('keys', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  it('KEY-04: the secret is in the answer of the creation and in no other', async () => {
    const made = await app.call('POST', '/v1/keys', {
      owner_id: 'org_1',
      name: 'a',
      environment: 'live',
      scopes: [],
    })
    assert.equal(made.status, 201)
    assert.match(made.body.secret, /^sk_live_[0-9A-Za-z]{49}$/)
    const read = await app.call('GET', `/v1/keys/${made.body.id}`)
    assert.equal(read.status, 200)
    assert.ok(!read.text.includes(made.body.secret.slice(12)))
  })
})
