import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { testClock } from '../../../test/clock.ts'
import { no, yes } from '../../base/result.ts'
import { FetchBounds } from '../../outbound/bounded-fetch.ts'
import type { FetchDocument } from '../../outbound/guarded-fetch.ts'
import { JwksCache } from './jwks-cache.ts'

const URI = 'https://app.example.com/jwks'

function server(maxAgeSeconds: number | null = 3_600) {
  const clock = testClock()
  const told = { asked: 0, kids: ['one'], isUp: true }
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const fetch: FetchDocument = async () => {
    told.asked += 1
    const json = { keys: told.kids.map((kid) => ({ ...key, kid })) }
    return told.isUp ? yes({ json, maxAgeSeconds }) : no('not_reached')
  }
  const fetched = new JwksCache(new FetchBounds(fetch, clock).fetch, clock)
  const reason = async () => ({ ip: null, isRelied: true })
  const kids = async (kid?: string) => (await fetched.at(URI, kid, reason))?.keys.map((each) => each.kid)
  return { clock, told, kids }
}

describe('key sets of clients, fetched', () => {
  it('RS-08: are kept as long as their server says, and asked for once at a time', async () => {
    const { clock, told, kids } = server()
    assert.deepEqual(await Promise.all([kids(), kids(), kids()]), [['one'], ['one'], ['one']])
    clock.advance({ seconds: 3_599 })
    await kids('one')
    assert.equal(told.asked, 1)
    clock.advance({ seconds: 1 })
    await kids()
    assert.equal(told.asked, 2)
  })

  it('RS-08: a missing key has the set fetched again, at most once a minute', async () => {
    const { clock, told, kids } = server()
    await kids()
    clock.advance({ seconds: 60 })
    told.kids = ['two']
    assert.deepEqual(await kids('two'), ['two'])
    for (let n = 0; n < 50; n++) await kids(`made-up-${n}`)
    assert.equal(told.asked, 2)
    clock.advance({ seconds: 60 })
    for (let n = 0; n < 50; n++) await kids(`made-up-${n}`)
    assert.equal(told.asked, 3)
  })

  it('RS-08: while their server is away the last good ones do, for a day', async () => {
    const { clock, told, kids } = server(0)
    await kids()
    told.isUp = false
    clock.advance({ seconds: 60 })
    assert.deepEqual(await kids(), ['one'])
    assert.deepEqual(await kids(), ['one'])
    assert.equal(told.asked, 2, 'and it is not asked all the time')
    clock.advance({ hours: 23 })
    assert.deepEqual(await kids(), ['one'])
    clock.advance({ hours: 1 })
    assert.equal(await kids(), undefined)
    told.isUp = true
    clock.advance({ seconds: 30 })
    assert.deepEqual(await kids(), ['one'])
  })
})
