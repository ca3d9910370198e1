import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import type { Result } from '../base/result.ts'
import { type ArchiveFlags, archiveAudit, checkFile } from './archive-command.ts'
import { archiveEvents, planArchive, removeEvents } from './archive-events.ts'
import { archivedTo, removeArchived } from './audit-archive.store.ts'
import { verifyChain } from './verify-chain.ts'

describe('archives of the audit log', () => {
  let app: TestApp
  let directory: string
  let file: string
  beforeEach(async () => {
    app = await openTestApp()
    directory = mkdtempSync(join(tmpdir(), 'doorward-archive-'))
    file = join(directory, 'audit.jsonl')
    const { id } = await app.keyFor('org_1', { metadata: { é: ['"', 1.5] } })
    await app.call('POST', `/v1/keys/${id}/disable`)
    app.clock.advance({ days: 30 })
    await app.call('POST', `/v1/keys/${id}/enable`)
    await app.call('POST', `/v1/keys/${id}/revoke`, { reason: 'dönё' })
  })
  afterEach(async () => {
    rmSync(directory, { recursive: true })
    await app.close()
  })

  const origin = () =>
    ({ actor: { kind: 'system', id: null }, ip: null, requestId: null, now: app.clock.now() }) as const
  const archive = async (flags: ArchiveFlags) => await archiveAudit(app.db, origin(), flags)
  const saidOf = (result: Result<string, string>) => (result.ok ? result.value : assert.fail(result.no))
  const refusalOf = (result: Result<string, string>) => (result.ok ? assert.fail(result.value) : result.no)
  const done = async (flags: ArchiveFlags) => saidOf(await archive(flags))
  const refused = async (flags: ArchiveFlags) => refusalOf(await archive(flags))
  const seqs = async () =>
    (await app.db.selectFrom('audit_events').select('seq').orderBy('seq').execute()).map(({ seq }) => seq)
  const disarmed = async (statement: ReturnType<typeof sql>, table = 'audit_events') => {
    await sql`alter table ${sql.table(table)} disable trigger all`.execute(app.db)
    await statement.execute(app.db)
    await sql`alter table ${sql.table(table)} enable trigger all`.execute(app.db)
  }

  it('AUD-16: without a file the command changes nothing and prints what it would do', async () => {
    const all = await seqs()
    assert.equal(
      await done({ 'until-seq': '3' }),
      'Would archive events 1 to 3. To archive them, add --out FILE.',
    )
    const old = await done({ 'older-than-days': '7' })
    assert.equal(old, `Would archive events 1 to ${all.length - 2}. To archive them, add --out FILE.`)
    assert.deepEqual(await seqs(), all)
  })

  it('AUD-16: writes events to a file that can be verified, and keeps them unless --remove is given', async () => {
    const all = await seqs()
    assert.match(
      await done({ 'until-seq': '3', out: file }),
      /^Wrote events 1 to 3 to .*, head [0-9a-f]{64}\.$/,
    )
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.match(saidOf(await checkFile(file)), /^The archive is intact: events 1 to 3, after/)
    assert.deepEqual(await seqs(), all)
    const lines = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual([lines.length, lines[1].seq, lines[3].seq, lines[4].head_seq], [5, 1, 3, 3])
  })

  it('AUD-16: removes exactly the archived events; the chain begins after them and records the archive', async () => {
    const all = await seqs()
    const before = await verifyChain(app.db)
    await done({ 'until-seq': '4', out: file, remove: true })
    const last = all.length + 1
    assert.deepEqual(await seqs(), [...all.slice(4), last])
    const check = await verifyChain(app.db)
    assert.ok(check.intact && before.intact)
    assert.equal(check.events, last)
    const [recorded] = (await app.call('GET', '/v1/audit-events?action=audit.archived')).body.data
    assert.deepEqual([recorded.seq, recorded.actor.kind, recorded.detail.seq], [last, 'system', 4])
    // The next archive continues where this one ended, past the event that records it.
    const second = join(directory, 'second.jsonl')
    await done({ 'until-seq': String(last), out: second, remove: true })
    assert.deepEqual(await seqs(), [last + 1])
    assert.equal((await verifyChain(app.db)).intact, true)
    const links = [file, second].map((path) => readFileSync(path, 'utf8').trim().split('\n'))
    assert.equal(JSON.parse(links[0]?.at(-1) ?? '').head_hash, JSON.parse(links[1]?.[0] ?? '').after_hash)
  })

  it('AUD-16: over HTTP a walk from before the archive begins after it', async () => {
    const { hash } = (await app.call('GET', '/v1/audit-events?limit=200')).body.data.find(
      (event: { seq: number }) => event.seq === 4,
    )
    await done({ 'until-seq': '4', out: file, remove: true })
    const verified = async (query: string) =>
      (await app.call('GET', `/v1/audit-events/verification${query}`)).body
    const whole = await verified('')
    assert.equal(whole.intact, true)
    for (const query of ['?after_seq=1', '?after_seq=4', `?after_seq=4&after_hash=${hash}`, '?after_seq=5'])
      assert.deepEqual(await verified(query), whole, query)
    const other = await verified(`?after_seq=4&after_hash=${'ab'.repeat(32)}`)
    assert.equal(other.intact, false)
  })

  it('AUD-16: a removal that was interrupted is finished, in batches', async () => {
    const plan = await planArchive(app.db, { untilSeq: 4 })
    assert.ok(plan.ok)
    const written = await archiveEvents(app.db, plan.value, file)
    assert.ok((await removeEvents(app.db, origin(), written)).ok)
    await disarmed(sql`
      insert into audit_events (seq, id, at, action, result, actor_kind, detail, hash)
      select n, 'evt_left' || n, now(), 'left.there', 'done', 'system', '{}', '' from generate_series(2, 4) as n`)
    assert.equal((await verifyChain(app.db)).intact, true)
    assert.equal(await removeArchived(app.db, 2), 3)
    assert.equal(await done({ remove: true }), 'Removed 0 events that are in an archive already.')
  })

  it('AUD-16: of two archives at once only one removes', async () => {
    const plan = await planArchive(app.db, { untilSeq: 4 })
    assert.ok(plan.ok)
    const written = await archiveEvents(app.db, plan.value, file)
    await done({ 'until-seq': '2', out: join(directory, 'other.jsonl'), remove: true })
    const all = await seqs()
    assert.equal((await removeEvents(app.db, origin(), written)).ok, false)
    assert.deepEqual(await seqs(), all)
  })

  it('AUD-16: a broken chain is not archived, and leaves no file', async () => {
    await disarmed(sql`update audit_events set ip = '6.6.6.6' where seq = 2`)
    await assert.rejects(archive({ 'until-seq': '3', out: file, remove: true }), /broken at event 2/)
    assert.throws(() => statSync(file), /ENOENT/)
    assert.equal((await archivedTo(app.db)).seq, 0)
  })

  it('AUD-16: an existing file is not overwritten', async () => {
    writeFileSync(file, 'mine')
    await assert.rejects(archive({ 'until-seq': '3', out: file, remove: true }), /EEXIST/)
    assert.equal(readFileSync(file, 'utf8'), 'mine')
  })

  it('AUD-16: names the fault of an archive that was altered, cut or added to', async () => {
    await done({ 'until-seq': '4', out: file })
    const text = readFileSync(file, 'utf8')
    const lines = text.trim().split('\n')
    for (const [name, altered, fault] of [
      ['a field', text.replace('"result":"done"', '"result":"refused"'), /altered: event 1/],
      ['a line less', lines.toSpliced(2, 1).join('\n'), /missing: event 2/],
      ['no end', lines.slice(0, -1).join('\n'), /end is missing/],
      ['another end', text.replace(/"head_hash":"..../, '"head_hash":"ffff'), /does not match/],
      ['something behind the end', `${text}{}\n`, /line 7 cannot be read/],
      ['another beginning', text.replace(/"after_hash":"..../, '"after_hash":"ffff'), /altered: event 1/],
      ['no time', text.replace(/"at":"[^"]+"/, '"at":7'), /altered: event 1/],
      ['no actor', text.replace('"actor":{', '"actor":null,"x":{'), /altered: event 1/],
      ['no detail', text.replace('"detail":{', '"x":{'), /altered: event 1/],
      ['no JSON', 'x\n', /line 1 cannot be read/],
      ['nothing', '', /end is missing/],
    ] as const) {
      writeFileSync(file, altered)
      assert.match(refusalOf(await checkFile(file)), fault, name)
    }
  })

  it('AUD-16: neither events nor the beginning of the chain can be moved through SQL by another path', async () => {
    await done({ 'until-seq': '3', out: file, remove: true })
    for (const statement of [
      sql`delete from audit_events where seq = 4`,
      sql`delete from audit_events`,
      sql`truncate audit_events`,
      sql`update audit_events set seq = 1 where seq = 4`,
    ])
      await assert.rejects(statement.execute(app.db), /append-only/)
    for (const statement of [
      sql`update audit_archived set seq = 5, hash = (select hash from audit_events where seq = 5)`,
      sql`update audit_archived set seq = 0`,
      sql`delete from audit_archived`,
      sql`truncate audit_archived`,
    ])
      await assert.rejects(statement.execute(app.db), /moves on with an audit event only/)
    assert.equal((await verifyChain(app.db)).intact, true)
  })

  it('AUD-16: names a beginning of the chain that no event records', async () => {
    await disarmed(
      sql`update audit_archived set seq = 3, hash = (select hash from audit_events where seq = 3)`,
      'audit_archived',
    )
    await sql`delete from audit_events where seq <= 3`.execute(app.db)
    const check = await verifyChain(app.db)
    assert.ok(!check.intact)
    assert.deepEqual([check.firstBroken.seq, check.firstBroken.fault], [3, 'no event records this archive'])
  })

  it('AUD-16: refuses in words what cannot be archived', async () => {
    for (const [flags, said] of [
      [{}, /Choose the events/],
      [{ 'until-seq': '3', 'older-than-days': '3' }, /Choose the events/],
      [{ 'until-seq': '-3' }, /Choose the events/],
      [{ 'until-seq': '1e3', remove: true }, /Choose the events/],
      [{ out: file, remove: true }, /Choose the events/],
      [{ 'until-seq': '3', remove: true }, /needs --out/],
      [{ 'until-seq': '0' }, /nothing to archive/],
      [{ 'until-seq': '999' }, /no event 999/],
      [{ 'older-than-days': '31' }, /nothing to archive/],
    ] as const)
      assert.match(await refused(flags), said)
  })
})
