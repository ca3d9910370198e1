import { appendFileSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import type { TestEvent } from 'node:test/reporters'
import { parseArgs } from 'node:util'
import { migrate } from '../src/db/migrate.ts'
import { openDatabase } from '../src/db/open.ts'
import { buildIfChanged } from '../web/build.ts'
import { type FileGroup, groupFiles } from './file-groups.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'
import { ask } from './postgres-ask.ts'
import { quickTmpdir } from './quick-tmpdir.ts'

const HELP = `npm test [-- options] [parts of file names]

Runs every *.test.ts once, and every *.db.test.ts on PGlite and on a real Postgres, which it finds or brings.
Files that leave their process alone share one.
Pages in a browser run on Postgres only, unless --engine says pglite.

  --engine pglite|postgres   only this database
  --help
`
/** Chromium is slow without a graphics card, and shows the same pages from either database. */
const IN_BROWSER = /(-pages?|test\/dashboard\/\S+)\.db\.test\.ts$/
const ONCE = 'pages in a browser run once in a whole run, on Postgres; here with `--engine pglite`'
const PROCESS_TIMEOUT_MS = 900_000
const CONCURRENCY = 2
/** Of files that mostly wait, beside the others. */
const WAITING_CONCURRENCY = 1
/** Compile cache: modules are stripped of types and compiled once for all files, which halves the start of a file. */
const COMPILED = { NODE_COMPILE_CACHE: join(process.cwd(), 'node_modules/.cache/compiled') }

/** PGlite clears its buffers at every start, and the default of 128 MB takes most of its time. */
const FEW_BUFFERS = '\nshared_buffers = 16MB\n'

interface Tally {
  readonly name: string
  passed: number
  failed: number
  skipped: number
}

interface Failure {
  readonly where: string
  readonly error: unknown
  readonly stderr: string
}

/** A report of a test, a suite or a file. */
type Reported = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>

const tallies: Tally[] = []
const failures: Failure[] = []
const skips: string[] = []
/** The stderr of test files; shown if a test failed. */
const stderr = new Map<string, string>()
const guarantees = new Map<string, Set<string>>()
const abort = new AbortController()
const cleanups: (() => unknown)[] = []

process.exitCode = await main()

async function main(): Promise<number> {
  const options = { engine: { type: 'string' }, help: { type: 'boolean' } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort())
  const files = globSync('{sdk,src,test,examples,bench,web}/**/*.test.ts', {
    exclude: ['**/node_modules/**', '**/dist/**'],
  })
    .filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)))
    .sort()
  const unmatched = positionals.filter((part) => !files.some((file) => file.includes(part)))
  if (unmatched.length > 0) {
    process.stderr.write(`No test file has ${unmatched.join(' or ')} in its path. Nothing was run.\n`)
    return 1
  }
  const onDatabases = files.filter((file) => file.endsWith('.db.test.ts'))
  const plain = files.filter((file) => !file.endsWith('.db.test.ts'))
  if (files.some((file) => /^(examples|test\/dashboard)\//.test(file))) await buildIfChanged()
  try {
    const opensPglite = files.some((file) => /\.db\.test\.ts$|^examples\//.test(file))
    const template = opensPglite && values.engine !== 'postgres' ? await pgliteTemplate() : {}
    if (values.engine === undefined) await runFiles('no database', plain, template)
    const onPglite = onDatabases.filter((file) => values.engine === 'pglite' || !IN_BROWSER.test(file))
    for (const file of values.engine === undefined ? onDatabases : [])
      if (!onPglite.includes(file)) skips.push(`PGlite · ${file}: ${ONCE}`)
    if (values.engine !== 'postgres')
      await runFiles('PGlite', onPglite, { TEST_ENGINE: 'pglite', ...template })
    if (values.engine !== 'pglite') await onPostgres(onDatabases)
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup()
  }
  return summarize()
}

/** A migrated PGlite without rows, made once: the first open of a directory takes seconds of CPU time. */
async function pgliteTemplate(): Promise<Record<string, string>> {
  const template = mkdtempSync(join(quickTmpdir(), 'doorward-template-'))
  cleanups.push(() => rmSync(template, { recursive: true, force: true }))
  const database = await openDatabase({ dataDir: template })
  await migrate(database)
  await database.close()
  appendFileSync(join(template, 'pgdata/postgresql.conf'), FEW_BUFFERS)
  return { TEST_PGLITE_TEMPLATE: template }
}

async function onPostgres(files: readonly string[]): Promise<void> {
  if (files.length === 0) return
  const postgres: TestPostgres = await startPostgres()
  cleanups.push(() => postgres.stop())
  await ask(postgres.url, 'create database template_doorward')
  const url = new URL(postgres.url)
  url.pathname = '/template_doorward'
  const database = await openDatabase({ databaseUrl: url.href })
  await migrate(database)
  await database.close()
  const env = { TEST_POSTGRES_URL: postgres.url, TEST_POSTGRES_TEMPLATE: 'template_doorward' }
  await runFiles(postgres.description, files, { TEST_ENGINE: 'postgres', ...env })
}

/** Runs some files, two processes at a time, and beside them those that mostly wait. */
async function runFiles(name: string, files: readonly string[], env: Record<string, string>): Promise<void> {
  if (files.length === 0 || abort.signal.aborted) return
  process.stdout.write(`\n${name}\n`)
  const tally: Tally = { name, passed: 0, failed: 0, skipped: 0 }
  tallies.push(tally)
  const seconds = new Map<string, number>()
  const ofFile = new Map<string, { passed: number; failed: number; skipped: number }>()
  const directory = mkdtempSync(join(tmpdir(), 'doorward-groups-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const groups = groupFiles(directory, files)
  const ofEntry = new Map(groups.map((group) => [group.entry, group]))
  Object.assign(process.env, env, COMPILED)

  const note = (file: string, { type, data }: Reported, entry: string) => {
    const counts = ofFile.get(file) ?? { passed: 0, failed: 0, skipped: 0 }
    ofFile.set(file, counts)
    const isGroup = isOfFile(data) || data.details.type === 'suite'
    // A file or a group fails by itself only if it failed outside its tests.
    if (isGroup && (type === 'test:pass' || counts.failed > 0)) return
    const outcome = data.skip !== undefined ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed'
    counts[outcome] += 1
    tally[outcome] += 1
    if (outcome === 'failed') {
      const error = 'error' in data.details ? data.details.error : undefined
      failures.push({
        where: `${name} · ${file} · ${data.name}`,
        error,
        stderr: stderr.get(entry) ?? '',
      })
      process.stdout.write(`  ✖ ${file}: ${data.name}\n`)
    }
    if (outcome === 'skipped')
      skips.push(`${name} · ${file} · ${data.name}${data.skip === true ? '' : `: ${data.skip}`}`)
    if (outcome === 'passed') noteGuarantees(data.name)
  }

  const start = (some: readonly FileGroup[], concurrency: number) =>
    run({
      files: some.map(({ entry }) => entry),
      concurrency,
      timeout: PROCESS_TIMEOUT_MS,
      signal: abort.signal,
    })
  /** Reports of tests, whose file is known by its own report after them. */
  const waiting = new Map<string, Reported[]>()
  const take = (event: TestEvent) => {
    const { type, data } = event
    if (type === 'test:stderr') stderr.set(data.file, (stderr.get(data.file) ?? '') + data.message)
    if (type === 'test:complete' && isOfFile(data))
      seconds.set(relative(process.cwd(), data.name), data.details.duration_ms / 1000)
    if (type !== 'test:pass' && type !== 'test:fail') return
    // Not `file`: shared tests are in their own module.
    const entry = data.entryFile ?? data.file ?? data.name
    const group = ofEntry.get(entry)
    if (group === undefined) throw new Error(`a report of no process of this run: ${entry}`)
    if (data.name === entry) {
      // Failed outside its files: after their ends, or in between.
      note(
        `the process of ${group.files.map((file) => relative(process.cwd(), file)).join(', ')}`,
        event,
        entry,
      )
      return
    }
    const reports = [...(waiting.get(entry) ?? []), event]
    const isLast = group.files.includes(data.name) && data.nesting === 0
    waiting.set(entry, isLast ? [] : reports)
    if (isLast) for (const report of reports) note(relative(process.cwd(), data.name), report, entry)
  }
  const follow = async (some: readonly FileGroup[], concurrency: number) => {
    if (some.length > 0) for await (const event of start(some, concurrency)) take(event)
  }
  await Promise.all([
    follow(
      groups.filter(({ mostlyWaits }) => !mostlyWaits),
      CONCURRENCY,
    ),
    follow(
      groups.filter(({ mostlyWaits }) => mostlyWaits),
      WAITING_CONCURRENCY,
    ),
  ])
  for (const { entry, files } of abort.signal.aborted ? [] : groups)
    for (const file of files.map((path) => relative(process.cwd(), path)))
      if (!ofFile.has(file)) noteMissing(name, tally, file, entry)
  for (const [file, { passed, failed, skipped }] of ofFile)
    process.stdout.write(
      `  ${failed > 0 ? '✖' : '✔'} ${file} ${passed}${skipped > 0 ? `, ${skipped} skipped` : ''} · ${(seconds.get(file) ?? 0).toFixed(1)} s\n`,
    )
}

/** True for the report of a file as a whole. */
function isOfFile({ nesting, name }: { readonly nesting: number; readonly name: string }): boolean {
  return nesting === 0 && existsSync(name)
}

/** Fails a file that reported nothing: its process has ended, or was ended, before. */
function noteMissing(name: string, tally: Tally, file: string, entry: string): void {
  tally.failed += 1
  const error = new Error('The process of this file ended before its tests.')
  failures.push({ where: `${name} · ${file}`, error, stderr: stderr.get(entry) ?? '' })
  process.stdout.write(`  ✖ ${file}: its process ended before its tests\n`)
}

/** Titles name the guarantees that they test: `KEY-08: …`. */
function noteGuarantees(title: string): void {
  for (const [id, group = ''] of title.matchAll(
    /\b(KEY|VER|MGT|AUZ|TOK|REF|REV|REG|EXT|META|RS|CON|WEB|HOOK|AUD|STO|CRY|OPS|SUP)-\d{2}\b/g,
  ))
    guarantees.set(group, (guarantees.get(group) ?? new Set()).add(id))
}

function summarize(): number {
  for (const { where, error, stderr } of failures) {
    const cause = error instanceof Error ? (error.cause ?? error) : error
    process.stdout.write(
      `\n✖ ${where}\n${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n${stderr.slice(-2000)}`,
    )
  }
  for (const skip of skips) process.stdout.write(`\nSKIPPED ${skip}\n`)
  const sum = (of: 'passed' | 'failed' | 'skipped') => tallies.reduce((total, tally) => total + tally[of], 0)
  const groups = [...guarantees].sort().map(([group, ids]) => `${group} ${ids.size}`)
  process.stdout.write(`\n${tallies.map((tally) => `${tally.name}: ${tally.passed} passed`).join(' · ')}\n`)
  process.stdout.write(`guarantees named by passing tests: ${groups.join(' · ') || 'none'}\n`)
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped\n`)
  if (abort.signal.aborted) return 130
  return sum('failed') > 0 || sum('passed') === 0 ? 1 : 0
}
