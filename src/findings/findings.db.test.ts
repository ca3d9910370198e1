import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { findFindings } from './find-findings.ts'
import { FINDING_KINDS, type FindingKind } from './finding.ts'

/** Makes a holder of which one kind is found, and returns its id and the subject. */
type Make = (
  app: TestApp,
) => Promise<{ readonly id: string; readonly subject?: string; readonly evidence: object }>

const find = (app: TestApp) => findFindings(app.db, app.clock.now())
const of = async (app: TestApp, id: string, kind?: FindingKind) => {
  const query = new URLSearchParams({ holder_id: id, ...(kind === undefined ? {} : { kind }) })
  return (await app.call('GET', `/v1/findings?${query}`)).body.data
}
const secretOf = async (app: TestApp, id: string) =>
  (await app.call('GET', `/v1/keys/${id}`)).body.secrets[0].id as string

let batches = 0
/** Reports uses of secrets, as guards do. */
async function use(
  app: TestApp,
  secretIds: readonly string[],
  { scope = '', ip = '198.51.100.7' as string | null } = {},
) {
  const at = app.clock.now().toISOString()
  batches += 1
  const { body } = await app.call('POST', '/v1/usage-batches', {
    id: `batch_findings_${batches}`,
    items: secretIds.map((id) => ({
      ...{ credential_id: id, outcome: 'accepted', scope, minute: at, count: 1, calls: 1 },
      ...{ last_at: at, last_ip: ip, last_user_agent: null },
    })),
    exposed: [],
  })
  assert.deepEqual(body.not_taken, [])
}

const FOUND: Partial<Record<FindingKind, Make>> = {
  no_expiry: async (app) => {
    const { id } = await app.keyFor('org_a')
    return { id, evidence: { secret_created_at: app.clock.now().toISOString() } }
  },
  not_rotated: async (app) => {
    const { id } = await app.keyFor('org_a')
    const madeAt = app.clock.now().toISOString()
    app.clock.advance({ days: 91 })
    return { id, evidence: { secret_created_at: madeAt } }
  },
  never_used: async (app) => {
    const { id } = await app.keyFor('org_a')
    const madeAt = app.clock.now().toISOString()
    app.clock.advance({ days: 91 })
    return { id, evidence: { created_at: madeAt } }
  },
  unused: async (app) => {
    const { id } = await app.keyFor('org_a')
    const usedAt = app.clock.now().toISOString()
    await use(app, [await secretOf(app, id)])
    app.clock.advance({ days: 91 })
    return { id, evidence: { last_used_at: usedAt } }
  },
}

describe('findings', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
    app.clock.advance({ days: 400 })
  })
  after(() => app.close())

  for (const kind of FINDING_KINDS) {
    const make = FOUND[kind]
    if (make === undefined) continue
    it(`FND-01: finds, once and with evidence: ${kind}`, async () => {
      const { id, subject = id, evidence } = await make(app)
      await find(app)
      const [first, ...more] = await of(app, id, kind)
      assert.deepEqual(more, [])
      assert.deepEqual(
        [first?.kind, first?.holder.id, first?.subject, first?.evidence, first?.state, first?.acceptance],
        [kind, id, subject, evidence, 'open', null],
      )
      app.clock.advance({ seconds: 60 })
      await find(app)
      assert.deepEqual(await of(app, id, kind), [first])
    })
  }
})
