import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../../test/app.ts'
import { ENGINE } from '../../../test/database.ts'
import { eventually } from '../../../test/eventually.ts'
import { addSeconds } from '../../base/clock.ts'
import { no, yes } from '../../base/result.ts'
import type { ShownJson } from '../../db/oauth-tables.ts'
import type { Tx } from '../../db/schema.ts'
import { openLog } from '../../http/log.ts'
import { insertRequest } from '../../oauth/authorize/authorization-request.store.ts'
import { insertGrant } from '../../oauth/grants/grant.store.ts'
import { FetchBounds } from '../../outbound/bounded-fetch.ts'
import type { FetchDocument } from '../../outbound/guarded-fetch.ts'
import { touchOwner } from '../../owners/owner.store.ts'
import { clientWithSecret, knownClient } from '../client.store.ts'
import type { Client } from '../client.ts'
import { DocumentClients } from './document-clients.ts'
import { hasRoom, pruneUnusedClients } from './unregistered-client.store.ts'

const newKey = (kid: string) => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
})

describe('clients by their own documents, and bounds on fetching them', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
    await app.call('POST', '/v1/scopes', { name: 'orders:read', description: 'See your orders' })
  })
  after(() => app.close())

  let made = 0
  /** A document of its own, and what reads it. */
  function world(more: Record<string, unknown> = {}) {
    const id = `https://app${++made}.example.com/client.json`
    const document: Record<string, unknown> = {
      ...{ client_id: id, client_name: 'A tool', redirect_uris: ['https://app.example.com/cb'] },
      ...{ token_endpoint_auth_method: 'none', ...more },
    }
    const told = { asked: 0, isUp: true, changed: 0 }
    const fetch: FetchDocument = async (url) => {
      told.asked += 1
      return told.isUp
        ? yes({ json: { ...document, client_id: url }, maxAgeSeconds: 600 })
        : no('not_reached')
    }
    const open = (with_: FetchDocument = fetch) => {
      const bounds = new FetchBounds(with_, app.clock)
      const documents = new DocumentClients({
        ...{ db: app.db, clock: app.clock, log: openLog('silent'), fetch: bounds.fetch },
        ...{ hosts: 'any', environment: 'live', onChanged: async () => void told.changed++ },
      })
      const asked = (id: string, ip: string | null = null) => documents.find(id, ip)
      const find = async (id: string, ip: string | null = null) => {
        const found = await asked(id, ip)
        return found === 'busy' ? undefined : found
      }
      return {
        asked,
        find,
        current: (client: Client, ip: string | null = null) => documents.current(client, ip),
      }
    }
    return { id, document, told, fetch, open, documents: open() }
  }
  const changes = async (id: string) => {
    const { body } = await app.call('GET', `/v1/audit-events?action=client.changed&limit=100`)
    return body.data.filter((event: { target_id: string }) => event.target_id === id).length
  }
  const patch = (id: string, body: object) => app.call('PATCH', `/v1/clients/${encodeURIComponent(id)}`, body)

  it('an unchanged document is not a change, whatever the order of the keys’ members', async () => {
    const { id, document, documents, told } = world({ token_endpoint_auth_method: 'private_key_jwt' })
    document.jwks = { keys: [newKey('one')] }
    assert.ok(await documents.find(id))
    await allowSomebody(id)
    for (let n = 0; n < 3; n++) {
      assert.ok(await documents.find(id))
      app.clock.advance({ seconds: 601 })
    }
    assert.deepEqual([await changes(id), told.changed], [0, 0])
    document.jwks = { keys: [newKey('two')] }
    await documents.find(id)
    assert.deepEqual([await changes(id), told.changed], [1, 1], 'and this server has heard of it')
  })

  it('a document may come to name keys, and to name none', async () => {
    const { id, document, documents } = world()
    await documents.find(id)
    app.clock.advance({ seconds: 601 })
    Object.assign(document, {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [newKey('one')] },
    })
    assert.equal((await documents.find(id))?.type, 'confidential')
    app.clock.advance({ seconds: 601 })
    Object.assign(document, { token_endpoint_auth_method: 'none', jwks: undefined })
    assert.equal((await documents.find(id))?.type, 'public')
  })

  it('an operator’s settings last; a change that the next fetch would undo is refused with the reason', async () => {
    const { id, documents } = world()
    await documents.find(id)
    assert.equal((await patch(id, { refresh_grace_seconds: 5 })).status, 200)
    for (const more of [
      { name: 'Another' },
      { redirect_uris: ['https://app.example.com/other'] },
      { client_uri: 'https://app.example.com/' },
      { first_party: true },
    ]) {
      const { status, body } = await patch(id, more)
      assert.deepEqual([status, body.code], [400, 'invalid_client_metadata'], JSON.stringify(more))
      assert.ok(
        body.detail.includes(
          `the app's own document at ${id}, which is read again and would undo the change`,
        ),
      )
    }
    app.clock.advance({ seconds: 601 })
    assert.equal((await documents.find(id))?.refreshGraceSeconds, 5)
  })

  it('REG-05: a ceiling that an operator sets stays, whatever the document or the catalogue says later', async () => {
    const [set, unset] = [world(), world()]
    for (const { documents, id } of [set, unset]) await documents.find(id)
    const wanted = { scopes: ['orders:read', 'orders:refund'], required_scopes: ['orders:read'] }
    const refund = { name: 'orders:refund', description: 'Pay back', sensitivity: 'restricted' }
    await app.call('POST', '/v1/scopes', refund)
    const { status, body } = await patch(set.id, wanted)
    assert.deepEqual(
      [status, body.required_scopes, body.optional_scopes, body.ceiling_set_by_operator],
      [200, ['orders:read'], ['orders:refund'], true],
    )
    await app.call('POST', '/v1/scopes', { name: 'orders:list', description: 'List your orders' })
    set.document.client_name = unset.document.client_name = 'Renamed'
    app.clock.advance({ seconds: 601 })
    const read = await set.documents.find(set.id)
    assert.deepEqual(
      [read?.name, read?.requiredScopes, read?.optionalScopes],
      ['Renamed', ['orders:read'], ['orders:refund']],
    )
    assert.deepEqual((await unset.documents.find(unset.id))?.optionalScopes, ['orders:list', 'orders:read'])
    const owners = await app.adminKeyWith(['clients:read', 'clients:write'], 'org_1')
    const path = `/v1/clients/${encodeURIComponent(set.id)}`
    assert.equal((await app.call('PATCH', path, { scopes: [] }, { as: owners })).status, 404)
  })

  it('REG-05: an operator can have it follow the catalogue again; a client that was registered has nothing to follow', async () => {
    const { id, documents } = world()
    await documents.find(id)
    await patch(id, { scopes: [] })
    const both = await patch(id, { scopes: null, required_scopes: ['orders:read'] })
    assert.deepEqual([both.status, both.body.code], [400, 'invalid_client_metadata'])
    const { body } = await patch(id, { scopes: null })
    assert.equal(body.ceiling_set_by_operator, false)
    assert.ok(body.optional_scopes.includes('orders:read'), 'at once')
    const added = `orders:follow${made}`
    await app.call('POST', '/v1/scopes', { name: added, description: 'Follow your orders' })
    app.clock.advance({ seconds: 601 })
    assert.ok((await documents.find(id))?.optionalScopes.includes(added))
    const { client_id } = await app.clientFor(null)
    const refused = await patch(client_id, { scopes: null })
    assert.deepEqual([refused.status, refused.body.code], [400, 'invalid_client_metadata'])
  })

  it('REG-05: what an operator says while the document is being read is kept', async () => {
    const { id, document, documents, fetch, open } = world()
    await documents.find(id)
    document.client_name = 'Renamed'
    app.clock.advance({ seconds: 601 })
    const meanwhile: FetchDocument = async (url) => {
      assert.equal((await patch(id, { scopes: [] })).status, 200)
      return await fetch(url)
    }
    const read = await open(meanwhile).find(id)
    assert.deepEqual([read?.name, read?.optionalScopes], ['Renamed', []])
  })

  it('TOK-18: keys that a document no longer has prove nothing once it is due', async () => {
    const { id, document, documents, told } = world({ token_endpoint_auth_method: 'private_key_jwt' })
    document.jwks = { keys: [newKey('one')] }
    await documents.find(id)
    const now = async () => {
      const found = (await clientWithSecret(app.db, id, null)) ?? assert.fail()
      return (await documents.current(found.client))?.jwks?.keys.map(({ kid }) => kid)
    }
    document.jwks = { keys: [newKey('two')] }
    assert.deepEqual(await now(), ['one'])
    assert.equal(told.asked, 1, 'it is fresh')
    app.clock.advance({ seconds: 601 })
    assert.deepEqual(await now(), ['two'])
    told.isUp = false
    app.clock.advance({ seconds: 601 })
    assert.deepEqual(await now(), ['two'], 'its server is away')
    app.clock.advance({ days: 1 })
    assert.equal(await now(), undefined)
  })

  it('REG-11: one network has twenty read in ten minutes, and the others go on', async () => {
    const { documents, told } = world()
    const at = (n: number) => `https://flood.example.com/${n}`
    for (let n = 0; n < 25; n++)
      assert.equal((await documents.find(at(n), `2001:db8::${n}`)) !== undefined, n < 20, `${n}`)
    assert.equal(told.asked, 20)
    assert.ok(await documents.find(at(21), '192.0.2.1'))
    assert.ok(await documents.find(at(0), '2001:db8::1'), 'what is known and fresh is not asked for')
  })

  it('REG-11: eight are read at a time', async () => {
    const { fetch, open } = world()
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const documents = open(async (url) => {
      await gate
      return await fetch(url)
    })
    const answers: boolean[] = []
    const asked = Array.from({ length: 12 }, async (_, n) => {
      answers.push((await documents.find(`https://slow${n}.example.com/${n}`)) !== undefined)
    })
    await eventually(async () => `${answers.length}`, '4')
    assert.deepEqual(answers, [false, false, false, false])
    release()
    await Promise.all(asked)
    assert.equal(answers.filter((each) => each).length, 8)
  })

  /** Stores a grant, or an unanswered authorization request. */
  const allowSomebody = async (clientId: string) => {
    await touchOwner(app.db as Tx, 'org_1', app.clock.now())
    const shown = { scopes: {}, owner_name: 'One' } as unknown as ShownJson
    await insertGrant(app.db as Tx, {
      ...{
        id: `grn_${++made}`,
        userId: 'usr_1',
        clientId,
        ownerId: 'org_1',
        scopes: ['orders:read'],
        implied: [],
        shown,
      },
      ...{ createdAt: app.clock.now(), expiresAt: null },
    })
  }
  const askWithoutAnswer = (asked: { clientId: string; redirectUri: string }) =>
    insertRequest(app.db, randomBytes(32), randomBytes(32), {
      ...asked,
      ...{ state: null, scopes: ['orders:read'], resources: [], codeChallenge: 'x'.repeat(43) },
      ...{ prompt: [], maxAge: null, loginHint: null, createdAt: app.clock.now() },
      expiresAt: addSeconds(app.clock.now(), 1_800),
    })

  /** A document with a key and an address, allowed by a user of its own where `isRelied`; and what withdraws both. */
  async function withdrawn(isRelied: boolean) {
    const made = world({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [newKey('one')] } })
    await made.documents.find(made.id)
    if (isRelied) await allowSomebody(made.id)
    const addressAndKey = async (ip: string | null = null) => {
      const found = await made.documents.asked(made.id, ip)
      if (found === undefined || found === 'busy') return found
      const known = (await clientWithSecret(app.db, made.id, null)) ?? assert.fail()
      const current = await made.documents.current(known.client, ip)
      return [...found.redirectUris, ...(current?.jwks?.keys.map(({ kid }) => kid) ?? [])]
    }
    Object.assign(made.document, {
      redirect_uris: ['https://app.example.com/new'],
      jwks: { keys: [newKey('two')] },
    })
    return { ...made, addressAndKey }
  }
  const WITHDRAWN = ['https://app.example.com/cb', 'one']
  const NOW = ['https://app.example.com/new', 'two']

  it('REG-15 TOK-18: while too much is read, what was withdrawn is used for a day and no longer', async () => {
    const { id, addressAndKey, documents } = await withdrawn(false)
    app.clock.advance({ seconds: 601 })
    const ip = '198.51.100.7'
    for (let n = 0; n < 21; n++) await documents.find(`https://many${n}.example.com/x${id.length}`, ip)
    assert.deepEqual(await addressAndKey(ip), WITHDRAWN)
    app.clock.advance({ days: 1 })
    for (let n = 0; n < 21; n++) await documents.find(`https://more${n}.example.com/x${id.length}`, ip)
    assert.equal(await documents.asked(id, ip), 'busy')
    assert.deepEqual(await addressAndKey('198.51.100.8'), NOW)
  })

  it('REG-15 TOK-18: the document of an app with a grant is fetched however many strangers have had fetched', async () => {
    const { id, addressAndKey, documents, open, fetch } = await withdrawn(true)
    app.clock.advance({ seconds: 601 })
    const ip = '198.51.100.9'
    for (let n = 0; n < 21; n++) await documents.find(`https://again${n}.example.com/x${id.length}`, ip)
    assert.deepEqual(await addressAndKey(ip), NOW)
    app.clock.advance({ seconds: 601 })
    const busy = open(async (url) => (url === id ? await fetch(url) : await new Promise(() => {})))
    for (let n = 0; n < 40; n++) void busy.find(`https://tarpit${n}.example.com/x`, `198.51.100.${n}`)
    await eventually(async () => String(await busy.asked('https://newcomer.example.com/x')), 'busy')
    const found = await busy.asked(id)
    assert.deepEqual(found !== 'busy' && found?.redirectUris, ['https://app.example.com/new'])
  })

  it('TOK-18: a document that is gone or says that it is another is not used for a day more', async () => {
    const { documents, id, addressAndKey, document, open } = await withdrawn(true)
    app.clock.advance({ seconds: 601 })
    assert.equal(await open(async () => no('gone')).asked(id), undefined)
    assert.equal(await open(async () => yes({ json: {}, maxAgeSeconds: null })).asked(id), undefined)
    for (const fault of ['not_reached', 'too_slow', 'status', 'not_json'] as const)
      assert.notEqual(await open(async () => no(fault)).asked(id), undefined, fault)
    assert.deepEqual(await addressAndKey(), NOW)
    assert.ok(document.client_id === id && documents)
  })

  it('REG-10: at the maximum the oldest unused client makes room', async () => {
    const [used, oldest, newer] = [world(), world(), world()]
    for (const { documents, id } of [used, oldest, newer]) {
      await documents.find(id)
      app.clock.advance({ seconds: 1 })
    }
    await allowSomebody(used.id)
    const unanswered = { clientId: oldest.id, redirectUri: 'https://app.example.com/cb' }
    await askWithoutAnswer(unanswered)
    assert.equal(await hasRoom(app.db, 'metadata_document', 1_000, 1), true)
    assert.ok(await knownClient(app.db, oldest.id), 'there is room')
    for (let n = 0; n < 100 && (await knownClient(app.db, oldest.id)) !== undefined; n++)
      assert.equal(await hasRoom(app.db, 'metadata_document', 1, 1), true)
    assert.equal(
      await knownClient(app.db, oldest.id),
      undefined,
      'a request that nobody answered keeps it not',
    )
    assert.ok(await knownClient(app.db, used.id))
    assert.ok(await knownClient(app.db, newer.id))
    assert.equal(await hasRoom(app.db, 'metadata_document', 1, 100), true)
    assert.equal(await hasRoom(app.db, 'metadata_document', 1, 100), false, 'what is used makes no room')
  })

  const skip = ENGINE === 'pglite' ? 'one connection: nobody comes between' : false
  it('two servers that read one document at the same time both have the client', { skip }, async () => {
    for (let n = 0; n < 10; n++) {
      const { id, fetch, open } = world()
      let waiting = 0
      let release = () => {}
      const both = new Promise<void>((resolve) => {
        release = resolve
      })
      const together: FetchDocument = async (url) => {
        if (++waiting === 2) release()
        await both
        return await fetch(url)
      }
      const found = await Promise.all([open(together).find(id), open(together).find(id)])
      assert.deepEqual(
        found.map((client) => client?.id),
        [id, id],
      )
    }
  })

  it('REG-10: a client without grants is deleted after a week, unless an operator has suspended, blocked or limited it', async () => {
    const [unused, stopped, blocked, set] = [world(), world(), world(), world()]
    for (const { documents, id } of [unused, stopped, blocked, set]) await documents.find(id)
    await app.call('POST', `/v1/clients/${encodeURIComponent(stopped.id)}/suspend`, { reason: 'test' })
    const place = `/v1/owners/org_1/blocked-clients/${encodeURIComponent(blocked.id)}`
    assert.equal((await app.call('PUT', place)).status, 200)
    await patch(set.id, { scopes: [] })
    app.clock.advance({ days: 8 })
    await pruneUnusedClients(app.db, app.clock.now())
    assert.equal(await knownClient(app.db, unused.id), undefined)
    for (const { id } of [stopped, blocked, set]) assert.ok(await knownClient(app.db, id))
    assert.ok(await unused.documents.find(unused.id), 'it is read again when it is asked for')
  })
})
