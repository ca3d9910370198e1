import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startPostgres, type TestPostgres } from '../test/postgres.ts'
import type { Finding } from './measure.ts'
import type { PartMessage } from './part.ts'
import { forkScript } from './processes.ts'
import { machine, tableOf, writeResults } from './report.ts'

const PARTS = {
  a: 'warm verification against a bare hash and checksum; memory, stalls',
  b: 'the example API with the guard and without',
  c: '/v1/verify and forward-auth against a bare node:http server',
  d: 'the naive way, and better-auth: in process and over HTTP',
  e: 'cold: distinct keys that are not cached, against a SELECT each',
  f: 'floods of garbage and of unknown keys, and the queries they cause',
  g: 'revocation seen by another process, with the feed and without',
  h: 'cold lookups with 10 million keys (needs 20 GB for temporary files)',
  i: 'lists of keys by filter and sort, with a million keys of 50,000 owners',
  j: 'a tightened policy over 100,000 keys: its preview, its steps, and verification beside them',
  k: 'all jobs of a server with a million keys, and verification beside them',
} as const

const HELP = `Compares Doorward with what else one could do, and prints one table of ratios.

  npm run bench                  all parts; writes bench/RESULTS.md (some 40 minutes)
  npm run bench -- a c           some parts, printed only
  npm run bench -- --quick       everything once and briefly: does it run? The figures mean nothing
  npm run bench -- --help        this

${Object.entries(PARTS)
  .map(([letter, text]) => `  ${letter}  ${text}`)
  .join('\n')}

What it compares with is installed into bench/node_modules where that is missing.
`

await main()

async function main(): Promise<void> {
  const options = { help: { type: 'boolean' }, quick: { type: 'boolean', default: false } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const letters = positionals.length === 0 ? Object.keys(PARTS) : positionals
  const unknown = letters.filter((letter) => !Object.hasOwn(PARTS, letter))
  if (values.help || unknown.length > 0) {
    process.stdout.write(unknown.length === 0 ? HELP : `There is no part ${unknown.join(', ')}.\n\n${HELP}`)
    process.exitCode = unknown.length === 0 ? 0 : 2
    return
  }
  installPeers()
  const startedMs = performance.now()
  const postgres = await startPostgres({ shared_buffers: buffers() })
  endWith(postgres)
  try {
    const { findings, broken } = await runParts(letters, postgres.url, values.quick)
    const minutes = (performance.now() - startedMs) / 60_000
    const table = tableOf(findings)
    process.stdout.write(`\n${table}\n${machine(postgres.description)}; ${minutes.toFixed(1)} minutes\n`)
    const isWhole = letters.length === Object.keys(PARTS).length && !values.quick && broken.length === 0
    if (isWhole) writeResults(table, postgres.description, minutes)
    if (broken.length > 0) {
      process.stderr.write(`Broken: ${broken.join(', ')}; the errors stand above.\n`)
      process.exitCode = 1
    }
  } finally {
    await postgres.stop()
  }
}

async function runParts(letters: readonly string[], postgresUrl: string, quick: boolean) {
  const findings: (Finding & { part: string })[] = []
  const broken: string[] = []
  for (const letter of letters) {
    const startedMs = performance.now()
    process.stderr.write(`${letter}: ${PARTS[letter as keyof typeof PARTS]}\n`)
    const part = forkScript('part.ts')
    try {
      const message: PartMessage = { letter, postgresUrl, quick }
      for (const finding of await part.ask<Finding[]>(message)) findings.push({ part: letter, ...finding })
    } catch {
      broken.push(letter)
    }
    await part.stop()
    process.stderr.write(`  took ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`)
  }
  return { findings, broken }
}

/** shared_buffers as Postgres's documentation advises for a dedicated machine: a quarter of the memory. */
function buffers(): string {
  return `${Math.round(totalmem() / 4 / 2 ** 20)}MB`
}

/** Ctrl-C leaves no Postgres and no files behind. */
function endWith(postgres: TestPostgres): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void postgres.stop().finally(() => process.exit(130)))
}

/** Installs the peers, which only the benchmark needs: the product's own install does not bring them. */
function installPeers(): void {
  const directory = fileURLToPath(new URL('.', import.meta.url))
  if (existsSync(`${directory}node_modules/better-auth`)) return
  process.stderr.write('installing what is compared with, into bench/node_modules\n')
  const args = ['ci', '--prefix', directory, '--ignore-scripts', '--no-audit', '--no-fund']
  const npm = spawnSync('npm', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (npm.status !== 0) throw new Error('npm ci in bench/ failed')
}
