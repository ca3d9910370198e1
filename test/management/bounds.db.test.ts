import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../app.ts'

interface Schema {
  readonly type?: string
  readonly pattern?: string
  readonly maxLength?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly enum?: readonly unknown[]
  readonly uniqueItems?: boolean
  readonly additionalProperties?: boolean
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly required?: readonly string[]
}

interface Described {
  readonly operationId: string
  readonly parameters?: readonly { in: string; name: string; schema: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}

/** Each repetition in it has an upper end. */
function isBounded(pattern: string): boolean {
  const withoutClasses = pattern.replace(/\\./g, 'a').replace(/\[(?:[^\]\\]|\\.)*\]/g, 'a')
  return /^\^.*\$$/.test(pattern) && !/[*+]|\{\d+,\}/.test(withoutClasses)
}

function* faultsOf(schema: Schema, at: string): Generator<string> {
  if (schema.anyOf !== undefined) for (const branch of schema.anyOf) yield* faultsOf(branch, at)
  if (schema.type === 'array') {
    if (schema.maxItems === undefined) yield `${at}: an array without maxItems`
    if (schema.uniqueItems === true && schema.items?.type !== 'string')
      yield `${at}: uniqueItems compares each two, where the items are no scalars of one type`
    yield* faultsOf(schema.items ?? {}, `${at}/-`)
  }
  if (schema.type === 'string' && schema.enum === undefined && schema.maxLength === undefined)
    if (!isBounded(schema.pattern ?? '')) yield `${at}: a text of any length`
  if (schema.type === 'object') {
    if (schema.additionalProperties !== false && schema.maxProperties === undefined)
      yield `${at}: an object of any size`
    for (const [name, part] of Object.entries(schema.properties ?? {})) yield* faultsOf(part, `${at}/${name}`)
  }
  if (schema.type === undefined && schema.anyOf === undefined) yield `${at}: anything`
}

/** The largest value that is wrong everywhere: more items than are accepted, of the wrong type. */
const WORST = 15_000

describe('the input that a caller can send', () => {
  let app: TestApp
  let operations: readonly (Described & { method: string; path: string })[]

  before(async () => {
    app = await openTestApp()
    await app.app.ready()
    const paths = app.app.swagger().paths as Record<string, Record<string, Described>>
    operations = Object.entries(paths).flatMap(([path, of]) =>
      Object.entries(of).map(([method, each]) => ({ ...each, method: method.toUpperCase(), path })),
    )
    assert.ok(operations.length > 60)
  })
  after(() => app.close())

  const bodyOf = ({ requestBody }: Described) => requestBody?.content['application/json']?.schema

  it('MGT-32: every array, text and object of every body, query and path has a bound', () => {
    const faults = operations.flatMap((operation) => [
      ...(operation.parameters ?? []).flatMap(({ in: where, name, schema }) => [
        ...faultsOf(schema, `${operation.operationId} ${where}:${name}`),
      ]),
      ...faultsOf(bodyOf(operation) ?? { type: 'null' }, operation.operationId),
    ])
    // Each of these is checked separately, up to its first fault.
    const oneByOne = ['reportUsage/items/-: anything', 'reportUsage/exposed/-: anything']
    assert.deepEqual(
      faults.filter((fault) => !oneByOne.includes(fault)),
      [],
    )
  })

  it('MGT-32: refuses the worst body of each operation at its first fault, with a short response', async () => {
    const self = await app.keyFor('org_bounds', { self_rotation: true })
    for (const operation of operations) {
      const schema = bodyOf(operation)
      if (schema === undefined) continue
      const url = operation.path.replace(/\{[^}]*\}/g, 'x')
      const as = url.startsWith('/v1/self') ? self.secret : app.adminKey
      const lists = Object.entries(schema.properties ?? {}).filter(([, { type, anyOf }]) =>
        [type, ...(anyOf ?? []).map((branch) => branch.type)].includes('array'),
      )
      const bodies: unknown[] = [
        Object.fromEntries(Array.from({ length: WORST }, (_, at) => [`a${at}`, at])),
        ...lists.map(([name]) => ({ [name]: Array.from({ length: WORST }, (_, at) => at) })),
        ...lists.map(([name]) => ({ [name]: Array.from({ length: WORST }, () => ({})) })),
      ]
      for (const body of bodies) {
        const { status, body: said, text } = await app.call(operation.method, url, body as object, { as })
        assert.equal(status, 400, `${operation.operationId}: ${text.slice(0, 300)}`)
        assert.ok((said.faults ?? []).length <= 3, `${operation.operationId}: ${said.faults?.length} faults`)
        assert.ok(text.length < 2_000, `${operation.operationId}: ${text.length} characters`)
      }
    }
  })

  it('MGT-32: lists all faults of a small body, each once', async () => {
    const body = { owner_id: 'a b', name: '', expires_at: '2030-01-01', lifetime_seconds: 'x', scopes: [1] }
    const { body: said } = await app.call('POST', '/v1/keys', body)
    const faults: readonly { at: string; message: string }[] = said.faults
    assert.deepEqual(faults.map(({ at }) => at).sort(), [
      '/',
      '/expires_at',
      '/lifetime_seconds',
      '/name',
      '/owner_id',
      '/scopes/0',
    ])
    assert.match(faults.find(({ at }) => at === '/expires_at')?.message ?? '', /such as 2030-01-31T12:00:00Z/)
    assert.match(faults.find(({ at }) => at === '/owner_id')?.message ?? '', /without blanks/)
  })

  it('MGT-32: reports thousands of parameters, names or values, as one fault', async () => {
    const many = (write: (at: number) => string) =>
      Array.from({ length: 3_000 }, (_, at) => write(at)).join('&')
    for (const query of [many((at) => `a${at}`), many(() => 'limit=1'), many(() => 'a')]) {
      const { status, body, text } = await app.call('GET', `/v1/keys?${query}`)
      assert.deepEqual([status, body.faults.length], [400, 1], text)
    }
  })
})
