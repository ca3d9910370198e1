import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { Type } from 'typebox'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { pipelineOf } from '../../test/pipeline.ts'
import { no, yes } from '../base/result.ts'
import { ping } from '../db/ping.ts'
import { openLog } from '../http/log.ts'
import { problem } from '../http/problem.ts'
import { openServer } from '../http/server.ts'
import { strictObject } from '../http/wire.ts'
import { changesPrepared } from './pipeline.ts'

const OPERATION = {
  id: 'makeThing',
  method: 'POST',
  url: '/v1/things',
  permission: 'keys:write',
  tag: 'Things',
  summary: 'Make a thing',
  body: strictObject({ name: Type.String() }),
  status: 201,
  answer: Type.Object({ name: Type.String(), number: Type.Integer() }),
  idempotent: true,
} as const

describe('an operation with work before its transaction', () => {
  let app: TestApp
  let server: FastifyInstance
  const prepared: string[] = []
  const made: string[] = []
  before(async () => {
    app = await openTestApp()
    server = await openServer(openLog('silent'))
    changesPrepared(
      server,
      pipelineOf(app),
      OPERATION,
      async ({ body: { name } }) => {
        // On PGlite this would hang while a transaction is open.
        await ping(app.db)
        if (name === 'bad') return no(problem('invalid_request', 'No.'))
        return yes(prepared.push(name))
      },
      async ({ body: { name } }, number) => {
        made.push(name)
        return yes({ name, number })
      },
    )
  })
  after(async () => {
    await server.close()
    await app.close()
  })

  const make = (name: string, key?: string) =>
    app.call(
      'POST',
      '/v1/things',
      { name },
      {
        node: server,
        headers: key === undefined ? {} : { 'idempotency-key': key },
      },
    )

  it('MGT-15: does it once for a repeated request, and returns the same response', async () => {
    const first = await make('a', 'one')
    assert.deepEqual([first.status, first.body], [201, { name: 'a', number: 1 }])
    assert.deepEqual((await make('a', 'one')).body, first.body)
    assert.equal((await make('b', 'one')).body.code, 'idempotency_key_reused')
    assert.deepEqual([prepared, made], [['a'], ['a']])
  })

  it('MGT-15: applies one of several racing requests under one Idempotency-Key, however many have prepared', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => make('c', 'two')))
    assert.equal(new Set(all.map(({ text }) => text)).size, 1)
    assert.equal(made.filter((name) => name === 'c').length, 1)
  })

  it('does the work for each request without an Idempotency-Key, and answers with its problem', async () => {
    for (let n = 0; n < 2; n++) assert.equal((await make('d')).status, 201)
    assert.equal(prepared.filter((name) => name === 'd').length, 2)
    assert.equal((await make('bad', 'three')).status, 400)
    assert.ok(!made.includes('bad'))
  })

  it('MGT-09: an error inside the server is answered with a code and the id that its log line has, and nothing else', async () => {
    await sql`alter table scopes rename to scopes_gone`.execute(app.db)
    const headers = { authorization: `Bearer ${app.adminKey}` }
    const answer = await app.app.inject({ method: 'GET', url: '/v1/scopes', headers })
    await sql`alter table scopes_gone rename to scopes`.execute(app.db)
    const body = answer.json()
    assert.deepEqual([answer.statusCode, body.code], [500, 'internal_error'])
    assert.doesNotMatch(answer.body, /scopes|relation|\.ts|postgres/i)
    const logged = app
      .log()
      .split('\n')
      .find((line) => line.includes(body.request_id) && line.includes('internal error'))
    assert.match(logged ?? '', /scopes/)
  })
})
