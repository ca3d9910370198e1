import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Finding } from './measure.ts'

const RESULTS = fileURLToPath(new URL('RESULTS.md', import.meta.url))
const PEERS = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  devDependencies: Record<string, string>
}

const COLUMNS = ['', 'what', 'measured', 'range', 'to reach', '', 'figures'] as const

/** A Markdown table, aligned for reading in a terminal. */
export function tableOf(findings: readonly (Finding & { readonly part: string })[]): string {
  const rows = findings.map(({ part, what, measured, range, target, reached, figures }) => [
    part,
    what,
    measured,
    range,
    target ?? '',
    reached === undefined ? '' : reached ? '✔' : '✖',
    figures,
  ])
  const widths = COLUMNS.map((name, at) =>
    Math.max(3, name.length, ...rows.map((row) => row[at]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  const rule = line(widths.map((width) => '-'.repeat(width)))
  return `${[line(COLUMNS), rule, ...rows.map(line)].join('\n')}\n`
}

/** Cores, memory and versions; no names and no paths. */
export function machine(postgres: string): string {
  const model = cpus()[0]?.model.trim() || 'unknown processor'
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  return (
    `${cpus().length} cores (${model}), ${gigabytes} GB of memory, ${process.platform} ${process.arch}, ` +
    `Node ${process.version}, ${postgres.replace(/ \(.*/, '')}`
  )
}

export function writeResults(table: string, postgres: string, minutes: number): void {
  const version = PEERS.devDependencies['@better-auth/api-key']
  writeFileSync(
    RESULTS,
    `# Results of the last full run

\`npm run bench\`, ${new Date().toISOString().slice(0, 10)}, ${minutes.toFixed(1)} minutes.

Machine: ${machine(postgres)}. Load generators, servers and Postgres share it. [WHY.md](WHY.md) explains missed targets.

${table}
${HOW.replace('{version}', version ?? '')}`,
  )
}

const HOW = `## How it was measured

- Both sides of a line were measured in the same run, in turns (A B A B …) after a warm-up round. *measured* is the ratio of the medians, *range* the least and the greatest ratio of a single round.
- The run has one Postgres of its own: \`fsync\` off (which favours the side that writes), \`shared_buffers\` a quarter of the memory, defaults otherwise. (f) has another one, with \`pg_stat_statements\`, and the HTTP half of (d) one that shares the core of the servers.
- Every pool has 10 connections. HTTP is measured with 32 connections (64 in (f)), one request in progress on each, by our own generator (\`bench/load.ts\`): plain sockets and prepared requests. In (b), (c) and (d) the measured server has one core, with \`taskset\`, and everything else the other; the generator never sleeps there, because waking it up would be half of a small server's measured work.
- (a) runs in a process of its own. Records come from the SDK's HTTP source, fed from memory; usage is counted and taken every two seconds; scopes, environment and address are checked. The bare side hashes the same strings, in the same random order, to \`latin1\`.
- (b) is the orders API of the example, from the same files; for the side without a guard a loader hook replaces it by a function that accepts every request.
- (c) The bare server parses the request's JSON and writes the JSON of Doorward's own answer, for each request.
- (d) better-auth with its api-key plugin {version}: rate limits off and \`deferUpdates\` on, which is the fastest configuration in its documentation with a database; deferred work is awaited at the end of each round. The naive way: prepared SELECT and UPDATE by primary key. 1,000 keys each.
- (e) and (h) run the server's own verifier and its own statements in process, 256 lookups in progress. (h) reads the tables into Postgres's buffers first, as if all of them were in use.
- (g) counts from the moment at which the revocation is sent. The other process verifies every millisecond.
`
