import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FastifyReply } from 'fastify'
import { Visitors } from './orders-app/visitors.ts'

const MOST = 1_000

describe('visitors of the example app', () => {
  /** Visits without a cookie. @returns the visitor and its cookie */
  const arrive = (visitors: Visitors) => {
    let cookie = ''
    const header = (_: string, value: string) => {
      cookie = value.split(';')[0] ?? ''
    }
    const reply = { header } as unknown as FastifyReply
    return { visitor: visitors.of(undefined, reply), cookie: () => cookie }
  }
  const returns = (visitors: Visitors, { visitor, cookie }: ReturnType<typeof arrive>) =>
    visitors.of(cookie(), { header: () => {} } as unknown as FastifyReply) === visitor

  it('strangers, in any number, do not end the session of a user who has connected or is about to', () => {
    const visitors = new Visitors()
    const [connected, leaving] = [arrive(visitors), arrive(visitors)]
    connected.visitor.tokens = { accessToken: 'at', refreshToken: undefined, scope: 'orders:read' }
    leaving.visitor.pending = { verifier: 'v', state: 's' }
    const stranger = arrive(visitors)
    for (let n = 0; n < MOST * 2; n++) arrive(visitors)
    assert.deepEqual([returns(visitors, connected), returns(visitors, leaving)], [true, true])
    assert.equal(returns(visitors, stranger), false, 'the oldest stranger makes room')
  })

  it('of users who have connected, evicts the one least recently seen', () => {
    const visitors = new Visitors()
    const all = Array.from({ length: MOST }, () => {
      const each = arrive(visitors)
      each.visitor.tokens = { accessToken: 'at', refreshToken: undefined, scope: '' }
      return each
    })
    const [first, second] = all as [(typeof all)[0], (typeof all)[0]]
    assert.equal(returns(visitors, first), true)
    arrive(visitors)
    assert.deepEqual([returns(visitors, first), returns(visitors, second)], [true, false])
  })
})
