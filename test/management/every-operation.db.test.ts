import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { mintCredential } from '@doorward/sdk/kernel'
import { ALL_PERMISSIONS, type Permission, UNBOUND_ONLY, withParts } from '../../src/management/permission.ts'
import { openTestApp, type TestAnswer, type TestApp } from '../app.ts'
import { contentOf } from './content.ts'
import {
  callOperation,
  type Documented,
  documentedOperations,
  type Examples,
  exampleProvider,
  examplesOn,
  inOrderOfLife,
  isOfSelf,
} from './operations.ts'

/** For each PATCH where its ETag is read, and a change besides that of the example. */
const READ_AND_CHANGE: Readonly<Record<string, [path: string, change: object]>> = {
  changeKey: ['/v1/keys/{id}', { name: 'c' }],
  changeKeyRotation: ['/v1/keys/{id}', { overlap_seconds: 120 }],
  changeClient: ['/v1/clients/{id}', { name: 'c' }],
  changeOwner: ['/v1/owners/{id}', { name: 'c' }],
  changePolicy: ['/v1/policies/{environment}', { max_keys: 900 }],
  changeScope: ['/v1/scopes', { description: 'Third' }],
  changeApi: ['/v1/apis', { name: 'Third' }],
  changeStaff: ['/v1/staff/{id}', { role: 'developer' }],
  changeBranding: ['/v1/branding', { product_name: 'Ebb' }],
  reduceGrant: ['/v1/grants/{id}', { scopes: ['orders:read'] }],
}

describe('every operation of the management API', () => {
  let app: TestApp
  let operations: Documented[]
  let examples: Examples
  before(async () => {
    app = await openTestApp({}, { providerFetch: exampleProvider })
    operations = await documentedOperations(app)
    examples = await examplesOn(app, 'org_a')
  })
  after(() => app.close())

  const withoutRequestId = ({ body: { request_id: _, ...body } }: TestAnswer) => body
  /** All that do not include this one. */
  const except = (left: string) =>
    ALL_PERMISSIONS.filter((permission) => !withParts([permission]).has(left as Permission))

  it('MGT-18: is in the API document, and the document lists no other', async () => {
    assert.deepEqual(operations.map(({ id }) => id).sort(), Object.keys(examples).sort())
    const openingRoutes = globSync('src/**/*.ts').filter(
      (file) =>
        !file.includes('.test.') &&
        /\bapp\.(route|get|post|put|patch|delete|all)[(<]/.test(readFileSync(file, 'utf8')),
    )
    assert.deepEqual(openingRoutes.sort(), [
      'src/branding/brand-files.routes.ts',
      'src/clients/registration/register.routes.ts',
      'src/forward-auth/forward-auth.routes.ts',
      'src/http/form-endpoint.ts',
      'src/http/health.ts',
      'src/http/openapi.ts',
      'src/management/pipeline.ts',
      'src/oauth/metadata.routes.ts',
      'src/oauth/oauth-off.routes.ts',
      'src/pages/dashboard.ts',
      'src/pages/pages.ts',
      'src/staff/staff-off.routes.ts',
    ])
  })

  it('MGT-01: answers 401 without a credential, with a bare challenge', async () => {
    for (const operation of operations) {
      const { status, body, headers } = await callOperation(app, operation, examples[operation.id], null)
      assert.deepEqual([operation.id, status, body.code], [operation.id, 401, 'no_credential'])
      assert.equal(headers['www-authenticate'], 'Bearer realm="doorward management"')
    }
  })

  it('VER-19 VER-01: answers the same 401 to keys that are unknown, revoked, rotated or expired', async () => {
    const revoked = await app.call('POST', '/v1/admin-keys', { name: 'r', permissions: [...ALL_PERMISSIONS] })
    await app.call('POST', `/v1/admin-keys/${revoked.body.id}/revoke`, { reason: 'test' })
    const rotated = await app.call('POST', '/v1/admin-keys', { name: 'r', permissions: [...ALL_PERMISSIONS] })
    await app.call('POST', `/v1/admin-keys/${rotated.body.id}/rotate`, { overlap_seconds: 0 })
    const expired = await app.call('POST', '/v1/admin-keys', {
      name: 'e',
      permissions: [...ALL_PERMISSIONS],
      expires_at: new Date(app.clock.now().getTime() + 1000).toISOString(),
    })
    app.clock.advance({ seconds: 1 })
    const keys = [
      revoked.body.secret,
      rotated.body.secret,
      expired.body.secret,
      mintCredential('admin_key').reveal(),
    ]
    for (const operation of operations) {
      const answers = []
      for (const as of keys) answers.push(await callOperation(app, operation, examples[operation.id], as))
      for (const answer of answers) {
        assert.equal(answer.status, 401, operation.id)
        assert.deepEqual(withoutRequestId(answer), withoutRequestId(answers[0] as TestAnswer))
      }
    }
  })

  it('VER-19: answers 401 to an API key, whatever its scopes are called', async () => {
    const { secret } = await app.keyFor('org_a', { scopes: ['keys:read', 'keys:write', 'admin_keys:write'] })
    for (const operation of operations) {
      if (isOfSelf(operation)) continue
      const { status, body } = await callOperation(app, operation, examples[operation.id], secret)
      assert.deepEqual([operation.id, status, body.code], [operation.id, 401, 'invalid_token'])
    }
  })

  it('MGT-03: answers 403 to an admin key that lacks its permission alone, and changes nothing', async () => {
    const lacking = new Map<string, string>()
    for (const permission of new Set(operations.map((operation) => operation.permission)))
      lacking.set(permission, await app.adminKeyWith(except(permission)))
    const before = await contentOf(app)
    for (const operation of operations) {
      if (isOfSelf(operation)) continue
      const as = lacking.get(operation.permission) ?? null
      const { status, body } = await callOperation(app, operation, examples[operation.id], as)
      assert.deepEqual([operation.id, status, body.code], [operation.id, 403, 'insufficient_permission'])
    }
    assert.deepEqual(await contentOf(app), before)
  })

  it('MGT-02: answers an admin key of another owner as if the object did not exist, byte for byte', async () => {
    const bound = ALL_PERMISSIONS.filter((permission) => !UNBOUND_ONLY.has(permission))
    const stranger = await app.adminKeyWith(bound, 'org_b')
    const unknown: Record<string, string> = {
      key: 'key_unknown',
      cli: 'cli_unknown',
      grt: 'grt_unknown',
      org: 'org_unknown',
      usr: 'usr_unknown',
      eml: 'eml_unknown',
      fnd: 'fnd_unknown',
    }
    const before = await contentOf(app)
    let asked = 0
    for (const operation of operations) {
      const example = examples[operation.id]
      const id = example?.path?.id
      if (id === undefined || !bound.includes(operation.permission as Permission)) continue
      asked += 1
      const foreign = await callOperation(app, operation, example, stranger)
      const path = { ...example?.path, id: unknown[id.split('_')[0] ?? ''] ?? '' }
      const missing = await callOperation(app, operation, { ...example, path }, stranger)
      assert.deepEqual([operation.id, foreign.status, missing.status], [operation.id, 404, 404])
      assert.deepEqual(withoutRequestId(foreign), withoutRequestId(missing))
    }
    assert.ok(asked >= 10)
    assert.deepEqual(await contentOf(app), before)
  })

  it('AUD-02: records each refused attempt of an authenticated caller as an audit event', async () => {
    app.clock.advance({ seconds: 1 })
    const nosy = await app.adminKeyWith(['audit:read'])
    const [{ id: actor }] = (await app.call('GET', '/v1/admin-keys?limit=1')).body.data
    for (const operation of operations) {
      // Some twenty a minute are recorded for one key.
      app.clock.advance({ seconds: 4 })
      if (operation.permission !== 'audit:read' && !isOfSelf(operation))
        await callOperation(app, operation, examples[operation.id], nosy)
    }
    const { body } = await app.call('GET', `/v1/audit-events?actor_id=${actor}&result=refused&limit=200`)
    const told = body.data.map(
      ({ detail }: { detail: { method: string; route: string } }) =>
        `${detail.method} ${detail.route.replace(/:(\w+)/g, '{$1}')}`,
    )
    const expected = operations.filter((each) => each.permission !== 'audit:read' && !isOfSelf(each))
    assert.deepEqual(told.sort(), expected.map(({ method, path }) => `${method} ${path}`).sort())
  })

  it('MGT-18: succeeds with its example, and answers as the API document says', async () => {
    for (const operation of inOrderOfLife(operations)) {
      const { status, text } = await callOperation(app, operation, examples[operation.id], app.adminKey)
      assert.ok(
        String(status) in operation.responses,
        `${operation.id} answers ${status}, which is not documented: ${text}`,
      )
      assert.ok(status < 300, `${operation.id} answers ${status}: ${text}`)
    }
  })

  it('MGT-34: a PATCH with the ETag of what was read is refused where it was changed since, and has no effect', async () => {
    const own = await examplesOn(app, 'org_tags')
    const patches = operations.filter(({ method }) => method === 'PATCH')
    assert.deepEqual(patches.map(({ id }) => id).sort(), Object.keys(READ_AND_CHANGE).sort())
    for (const operation of patches) {
      const { path = {}, body: example } = own[operation.id] ?? {}
      const [at, other] = READ_AND_CHANGE[operation.id] ?? ['', {}]
      const [url, readUrl] = [operation.path, at].map((each) =>
        each.replaceAll(/\{(\w+)\}/g, (_, name: string) => path[name] ?? ''),
      ) as [string, string]
      const read = async () => {
        const { status, headers, text } = await app.call('GET', readUrl)
        assert.equal(status, 200, `${operation.id} ${text}`)
        return { tag: String(headers.etag), text }
      }
      const change = (body: object | undefined, tag: string) =>
        app.call('PATCH', url, body, { headers: { 'if-match': tag } })
      const outcome = ({ status, body }: TestAnswer) => [operation.id, status, body.code]

      const before = await read()
      await app.keyFor('org_else', { scopes: [] })
      const done = await change(other, before.tag)
      assert.deepEqual(outcome(done), [operation.id, 200, undefined], done.text)
      const between = await read()
      for (const stale of [before.tag, `W/${between.tag}`, '"evt_unknown"', `${before.tag}, "none"`])
        assert.deepEqual(
          outcome(await change(example, stale)),
          [operation.id, 412, 'changed_meanwhile'],
          stale,
        )
      assert.equal((await read()).text, between.text)
      for (const wrong of ['unquoted', '"a" "b"', '"', '""'])
        assert.deepEqual(outcome(await change(example, wrong)), [operation.id, 400, 'invalid_request'], wrong)
      const again = await change(example, String(done.headers.etag))
      assert.deepEqual(outcome(again), [operation.id, 200, undefined], again.text)
      const listed = await change(example, `"evt_unknown", ${String(again.headers.etag)}`)
      assert.deepEqual(outcome(listed), [operation.id, 200, undefined], listed.text)
      for (const fresh of [(await read()).tag, '*'])
        assert.deepEqual(outcome(await change(example, fresh)), [operation.id, 200, undefined], fresh)
    }
  })

  it('MGT-34: of changes at the same time with the same ETag, one has an effect', async () => {
    const { id } = await app.keyFor('org_tags')
    const { headers } = await app.call('GET', `/v1/keys/${id}`)
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        app.call('PATCH', `/v1/keys/${id}`, { name: `${n}` }, { headers: { 'if-match': `${headers.etag}` } }),
      ),
    )
    const statuses = answers.map(({ status }) => status).sort()
    assert.deepEqual(statuses, [200, 412, 412, 412, 412, 412])
    const { body } = await app.call('GET', `/v1/keys/${id}`)
    assert.equal(body.name, answers.find(({ status }) => status === 200)?.body.name)
  })
})
