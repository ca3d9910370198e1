import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { ENGINE } from '../../test/database.ts'
import { eventually } from '../../test/eventually.ts'
import { no, yes } from '../base/result.ts'
import { clientWithSecret, knownClient } from '../clients/client.store.ts'
import { openLog } from '../http/log.ts'
import type { FetchDocument } from '../http/outbound.ts'
import { DocumentClients } from './document-clients.ts'
import { pruneOAuth } from './prune.store.ts'

const newKey = (kid: string) => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
})

describe('clients by their own documents, and who makes work of it', () => {
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
    const open = (with_: FetchDocument = fetch) =>
      new DocumentClients({
        ...{ db: app.db, clock: app.clock, log: openLog('silent'), fetch: with_ },
        ...{ hosts: 'any', environment: 'live', onChanged: async () => void told.changed++ },
      })
    return { id, document, told, fetch, open, documents: open() }
  }
  const changes = async (id: string) => {
    const { body } = await app.call('GET', `/v1/audit-events?action=client.changed&limit=100`)
    return body.data.filter((event: { target_id: string }) => event.target_id === id).length
  }
  const patch = (id: string, body: object) => app.call('PATCH', `/v1/clients/${encodeURIComponent(id)}`, body)

  it('a reading that says the same is no change, whatever order the keys’ members have', async () => {
    const { id, document, documents, told } = world({ token_endpoint_auth_method: 'private_key_jwt' })
    document.jwks = { keys: [newKey('one')] }
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

  it('what an operator sets lasts, and what the next reading would undo is refused with the reason', async () => {
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
        body.detail.includes(`the app's own document at ${id}, whose next reading would undo the change`),
      )
    }
    app.clock.advance({ seconds: 601 })
    assert.equal((await documents.find(id))?.refreshGraceSeconds, 5)
  })

  it('REG-05: a ceiling that an operator sets stays, whatever is read anew and comes into the catalogue', async () => {
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
      answers.push((await documents.find(`https://slow.example.com/${n}`)) !== undefined)
    })
    await eventually(async () => `${answers.length}`, '4')
    assert.deepEqual(answers, [false, false, false, false])
    release()
    await Promise.all(asked)
    assert.equal(answers.filter((each) => each).length, 8)
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

  it('REG-10: one that nobody allowed anything is forgotten in a week, unless somebody said something of it', async () => {
    const [unused, stopped, blocked, set] = [world(), world(), world(), world()]
    for (const { documents, id } of [unused, stopped, blocked, set]) await documents.find(id)
    await app.call('POST', `/v1/clients/${encodeURIComponent(stopped.id)}/suspend`, { reason: 'test' })
    const place = `/v1/owners/org_1/blocked-clients/${encodeURIComponent(blocked.id)}`
    assert.equal((await app.call('PUT', place)).status, 200)
    await patch(set.id, { scopes: [] })
    app.clock.advance({ days: 8 })
    await pruneOAuth(app.db, app.clock.now())
    assert.equal(await knownClient(app.db, unused.id), undefined)
    for (const { id } of [stopped, blocked, set]) assert.ok(await knownClient(app.db, id))
    assert.ok(await unused.documents.find(unused.id), 'it is read again when it is asked for')
  })
})
