import assert from 'node:assert/strict'
import { it } from 'node:test'
import { changeClient } from '../../src/clients/change-client.ts'
import { suspendClient } from '../../src/clients/suspend-client.ts'
import type { Tx } from '../../src/db/schema.ts'
import type { Caller } from '../../src/management/caller.ts'
import { ENGINE } from '../database.ts'
import { eventually } from '../eventually.ts'
import { openOAuthApp, post } from '../oauth.ts'

const skip = ENGINE === 'pglite' ? 'one connection: nothing comes between a statement and its commit' : false

const CHANGES: readonly [
  what: string,
  change: (tx: Tx, caller: Caller, id: string) => Promise<unknown>,
  reason: string,
][] = [
  ['suspended', (tx, caller, id) => suspendClient(tx, caller, id, 'test'), 'disabled'],
  [
    'changed, so that it gets no more',
    (tx, caller, id) =>
      changeClient(tx, caller, id, {
        grantTypes: ['authorization_code'],
        redirectUris: ['https://app.example.com/cb'],
        scopes: ['orders:read'],
        clientCredentialsScopes: [],
      }),
    // Without a remaining scope the token is for no API (RS-06), and the request means the default API.
    'wrong_audience',
  ],
]

for (const [what, change, reason] of CHANGES)
  it(`REV-09: announces the first token of a client that is being ${what} too`, { skip }, async () => {
    const oauth = await openOAuthApp()
    const { db, clock } = oauth.app
    const client = await oauth.app.clientFor('org_9', {
      grant_types: ['client_credentials'],
      redirect_uris: [],
      client_credentials_scopes: ['orders:read'],
    })
    const caller: Caller = {
      actor: { kind: 'admin_key', id: 'adm_test' },
      ip: null,
      requestId: 'req_test',
      now: clock.now(),
      permissions: new Set(),
      reach: 'every_owner',
      latestExpiry: null,
      seesMetadata: true,
      proof: null,
    }
    const verdict = async (credential: string) => {
      const { body } = await oauth.app.call('POST', '/v1/verify', { credential, scopes: ['orders:read'] })
      return body.valid ? 'accepted' : body.refusal.reason
    }
    let token = ''
    await db.transaction().execute(async (tx) => {
      await change(tx, caller, client.client_id)
      const basic = [client.client_id, client.client_secret] as const
      const { body } = await post(
        oauth.origin,
        '/oauth/token',
        { grant_type: 'client_credentials' },
        { basic },
      )
      token = body.access_token
      assert.equal(await verdict(token), 'accepted', 'nothing is committed yet')
    })
    await eventually(() => verdict(token), reason)
    await oauth.close()
  })
