import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { httpSource } from '@doorward/sdk'
import type { Change, Following } from '@doorward/sdk/kernel'
import type { ActionThatAlters } from '../../src/audit/audit-action.ts'
import { shortenByPolicy } from '../../src/owners/shorten-by-policy.ts'
import { openSecondNode, type TestAnswer, type TestApp, type TestClient } from '../app.ts'
import { eventually } from '../eventually.ts'
import { connect, type OAuthApp, openOAuthApp, pkce, post, redeem } from '../oauth.ts'

/** The objects of one row. */
interface Things {
  readonly oauth: OAuthApp
  readonly ownerId: string
  readonly call: (method: string, path: string, body?: unknown) => Promise<TestAnswer>
  readonly key: (verb?: string, body?: object) => Promise<string>
  readonly client: (verb?: string, body?: object) => Promise<TestClient & { readonly path: string }>
  readonly adminKey: (verb?: string, body?: object) => Promise<string>
  readonly scope: (change?: object) => Promise<string>
  readonly grant: () => Promise<Granted>
}

interface Granted {
  readonly client: TestClient
  readonly path: string
  readonly access: string
  readonly refresh: string
}

const OVERLAP = { overlap_seconds: 3600 }

/**
 * A step for each action that alters verdicts: the type requires a row for a new action. {@link Things} makes the steps
 * before it. The tests every-end and every-token-end show that verdicts change.
 */
const STEPS: Readonly<
  Record<ActionThatAlters<'always'> | ActionThatAlters<'sometimes'>, (things: Things) => Promise<unknown>>
> = {
  'key.created': ({ key }) => key(),
  'key.changed': async ({ call, key }) => call('PATCH', await key(), { scopes: [] }),
  'key.disabled': async ({ call, key }) => call('POST', `${await key()}/disable`),
  'key.enabled': async ({ call, key }) => call('POST', `${await key('disable')}/enable`),
  'key.rotated': async ({ call, key }) => call('POST', `${await key()}/rotate`, OVERLAP),
  'key.rotation_changed': async ({ call, key }) =>
    call('PATCH', `${await key('rotate', OVERLAP)}/rotation`, { overlap_seconds: 60 }),
  'key.rotation_finished': async ({ call, key }) =>
    call('POST', `${await key('rotate', OVERLAP)}/rotation/finish`),
  'key.rotation_undone': async ({ call, key }) =>
    call('POST', `${await key('rotate', OVERLAP)}/rotation/undo`),
  'key.revoked': async ({ call, key }) => call('POST', `${await key()}/revoke`, { reason: 'test' }),
  'admin_key.created': ({ adminKey }) => adminKey(),
  'admin_key.rotated': async ({ call, adminKey }) => call('POST', `${await adminKey()}/rotate`, OVERLAP),
  'admin_key.rotation_finished': async ({ call, adminKey }) =>
    call('POST', `${await adminKey('rotate', OVERLAP)}/rotation/finish`),
  'admin_key.rotation_undone': async ({ call, adminKey }) =>
    call('POST', `${await adminKey('rotate', OVERLAP)}/rotation/undo`),
  'admin_key.revoked': async ({ call, adminKey }) =>
    call('POST', `${await adminKey()}/revoke`, { reason: 'test' }),
  'client.created': ({ client }) => client(),
  'client.changed': async ({ call, client }) => call('PATCH', (await client()).path, { scopes: [] }),
  'client.published': async ({ oauth, ownerId, call }) => {
    const { client_id } = await oauth.app.clientFor(ownerId, { draft: true })
    return await call('POST', `/v1/clients/${client_id}/publish`)
  },
  'client.suspended': async ({ call, client }) =>
    call('POST', `${(await client()).path}/suspend`, { reason: 'test' }),
  'client.resumed': async ({ call, client }) =>
    call('POST', `${(await client('suspend', { reason: 'test' })).path}/resume`),
  'client.rotated': async ({ call, client }) => call('POST', `${(await client()).path}/rotate`, OVERLAP),
  'client.rotation_finished': async ({ call, client }) =>
    call('POST', `${(await client('rotate', OVERLAP)).path}/rotation/finish`),
  'client.rotation_undone': async ({ call, client }) =>
    call('POST', `${(await client('rotate', OVERLAP)).path}/rotation/undo`),
  'client.revoked': async ({ call, client }) =>
    call('POST', `${(await client()).path}/revoke`, { reason: 'test' }),
  'grant.changed': async ({ oauth, grant }) => {
    const { client } = await grant()
    await connect(oauth.jar, {
      client_id: client.client_id,
      code_challenge: pkce().challenge,
      prompt: 'consent',
    })
  },
  'grant.reduced': async ({ call, grant }) =>
    call('PATCH', (await grant()).path, { scopes: ['orders:write'] }),
  'grant.revoked': async ({ call, grant }) =>
    call('POST', `${(await grant()).path}/revoke`, { reason: 'test' }),
  'token.revoked': async ({ oauth, grant }) => {
    const { client, access } = await grant()
    await giveBack(oauth, client, access)
  },
  'tokens.revoked': async ({ oauth, grant }) => {
    const { client, refresh } = await grant()
    await giveBack(oauth, client, refresh)
  },
  'owner.changed': async ({ call, key, ownerId }) => {
    await key()
    return await call('PATCH', `/v1/owners/${ownerId}`, { quota: { limit: 9, period: 'day' } })
  },
  'policy.applied': async ({ oauth, call, key }) => {
    await key()
    await call('PATCH', '/v1/policies/live', { max_lifetime_seconds: 36_000 * 86_400 })
    await shortenByPolicy(oauth.app.db, oauth.app.clock.now())
    await eventually(async () => {
      const { body } = await call('GET', '/v1/policies/live')
      return `${body.shortening.finished_at === null}`
    }, 'false')
    return await call('PATCH', '/v1/policies/live', { max_lifetime_seconds: null })
  },
  'owner.suspended': async ({ call, key, ownerId }) => {
    await key()
    return await call('POST', `/v1/owners/${ownerId}/suspend`, { reason: 'test' })
  },
  'owner.resumed': async ({ call, key, ownerId }) => {
    await key()
    await call('POST', `/v1/owners/${ownerId}/suspend`, { reason: 'test' })
    return await call('POST', `/v1/owners/${ownerId}/resume`)
  },
  'scope.changed': async ({ call, scope }) => call('PATCH', await scope(), { description: 'Another' }),
  'scope.deprecated': async ({ call, scope }) => call('PATCH', await scope(), { deprecated: true }),
  'scope.reinstated': async ({ call, scope }) =>
    call('PATCH', await scope({ deprecated: true }), { deprecated: false }),
  'scope.removed': async ({ call, scope }) => call('DELETE', await scope()),
  'api.changed': async ({ call, ownerId }) => {
    const { body } = await call('GET', '/v1/apis')
    const identifier = `https://${ownerId.replaceAll('_', '-')}.example.com`
    return await call('PATCH', `/v1/apis/${body.data[0].id}`, { identifier })
  },
}

async function giveBack({ origin }: OAuthApp, client: TestClient, token: string): Promise<void> {
  await post(origin, '/oauth/revoke', { token }, { basic: [client.client_id, client.client_secret] })
}

describe('each action that alters verdicts', () => {
  let oauth: OAuthApp
  let second: TestApp['app']
  let following: Following
  const heard: Change[] = []
  before(async () => {
    oauth = await openOAuthApp()
    second = await openSecondNode(oauth.app)
    await second.listen({ port: 0, host: '127.0.0.1' })
    const { port } = second.server.address() as AddressInfo
    const adminKey = await oauth.app.adminKeyWith(['verify'])
    let isOpen = false
    const source = httpSource({ url: `http://127.0.0.1:${port}`, adminKey })
    assert.ok(source.follow)
    following = source.follow({
      changed: (change) => void heard.push(change),
      confirmed: () => {
        isOpen = true
      },
      restarted: () => {},
    })
    await eventually(async () => String(isOpen), 'true')
  })
  after(async () => {
    following.close()
    await second.close()
    await oauth.close()
  })

  function thingsOf(ownerId: string): Things {
    const { app, origin, jar } = oauth
    const call: Things['call'] = async (method, path, body) => {
      const answer = await app.call(method, path, body)
      assert.ok(answer.status < 300, answer.text)
      return answer
    }
    const after = async (path: string, verb: string | undefined, body: object | undefined) => {
      if (verb !== undefined) await call('POST', `${path}/${verb}`, body)
      return path
    }
    const client: Things['client'] = async (verb, body) => {
      const made = await app.clientFor(ownerId)
      return { ...made, path: await after(`/v1/clients/${made.client_id}`, verb, body) }
    }
    return {
      ...{ oauth, ownerId, call, client },
      key: async (verb, body) => after(`/v1/keys/${(await app.keyFor(ownerId)).id}`, verb, body),
      adminKey: async (verb, body) => {
        const made = await call('POST', '/v1/admin-keys', { name: 'a', permissions: ['verify'] })
        return after(`/v1/admin-keys/${made.body.id}`, verb, body)
      },
      scope: async (change) => {
        const name = `${ownerId.replaceAll(/\W/g, '_')}:read`
        await call('POST', '/v1/scopes', { name, description: 'Reads' })
        if (change !== undefined) await call('PATCH', `/v1/scopes/${name}`, change)
        return `/v1/scopes/${name}`
      },
      grant: async () => {
        const made = await app.clientFor(null, { scopes: ['orders:read', 'orders:write'] })
        const { verifier, challenge } = pkce()
        const back = await connect(jar, { client_id: made.client_id, code_challenge: challenge })
        const tokens = await redeem(origin, made, back, verifier)
        const { body } = await call('GET', `/v1/grants?client_id=${made.client_id}`)
        const path = `/v1/grants/${body.data[0].id}`
        return { client: made, path, access: tokens.access_token, refresh: tokens.refresh_token }
      },
    }
  }

  for (const [action, step] of Object.entries(STEPS))
    it(`KEY-10: ${action}: notifies an SDK at another node of the change in the outbox`, async () => {
      const { db } = oauth.app
      const before = await db.selectFrom('changes_head').select('position').executeTakeFirstOrThrow()
      const already = heard.length
      await step(thingsOf(`org_${action.replace('.', '_')}`))
      const rows = await db
        .selectFrom('changes')
        .select(['hashes', 'owner_ids', 'client_ids'])
        .where('position', '>', before.position)
        .where('action', '=', action)
        .execute()
      assert.notEqual(rows.length, 0)
      const texts = () => heard.slice(already).map(({ hashes, holders }) => textOf(hashes, holders))
      for (const { hashes, owner_ids: ownerIds, client_ids: clientIds } of rows) {
        const holders = ownerIds === null || clientIds === null ? null : { ownerIds, clientIds }
        const hex = hashes?.map((hash) => Buffer.from(hash).toString('hex')) ?? null
        await eventually(async () => String(texts().includes(textOf(hex, holders))), 'true')
      }
    })
})

function textOf(hashes: Change['hashes'], holders: Change['holders']): string {
  return JSON.stringify([hashes, holders && { ownerIds: holders.ownerIds, clientIds: holders.clientIds }])
}
