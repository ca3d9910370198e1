import assert from 'node:assert/strict'
import test from 'node:test'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import { doorward, principalOf } from '../fastify.ts'
import { type DoorwardEnv, principalOf as principalOfContext } from '../hono.ts'
import { Records } from '../source/record.fixture.ts'
import type { Principal } from '../verdict/record.ts'

const NO_GUARD = /no Doorward guard ran before the handler/

test('a handler that no guard protects cannot read a principal', async () => {
  const { guard } = doorward({ environment: 'live', source: new Records() })
  const app = fastify()
  app.get('/guarded', { onRequest: guard() }, (request) => principalOf(request).ownerId)
  app.get('/forgotten', (request) => principalOf(request).ownerId)
  assert.equal((await app.inject('/guarded')).statusCode, 401)
  const answer = await app.inject('/forgotten')
  assert.equal(answer.statusCode, 500)
  assert.match(answer.json().message, NO_GUARD)

  const hono = new Hono<DoorwardEnv>().get('/', (c) => c.text(principalOfContext(c).ownerId))
  hono.onError((error, c) => c.text(error.message, 500))
  assert.match(await (await hono.request('/')).text(), NO_GUARD)
  assert.throws(() => principalOf({}), NO_GUARD)
})

test('the kind of a principal says which ids it has', () => {
  const acts = (principal: Principal): string =>
    principal.kind === 'api_key' ? principal.keyId : principal.clientId
  const common = { credentialId: 'x', ownerId: 'org_1', scopes: new Set<string>(), environment: 'live' }
  const rest = { ...common, expiresAt: null, metadata: {} }
  assert.equal(acts({ ...rest, kind: 'api_key', keyId: 'key_1', clientId: null, userId: null }), 'key_1')
  assert.equal(acts({ ...rest, kind: 'access_token', keyId: null, clientId: 'cli_1', userId: null }), 'cli_1')
})
