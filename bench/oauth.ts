import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { openDoorward } from '../test/attacks/doorward.target.ts'
import { openOidcProvider } from '../test/attacks/oidc-provider.target.ts'
import { freshTokens } from '../test/attacks/requests.ts'
import type { AttackClient, Target } from '../test/attacks/target.ts'
import { startPostgres } from '../test/postgres.ts'
import { onCore } from './cores.ts'
import { rawRequest } from './doorward.ts'
import { compare, type Finding, interleaved, median } from './measure.ts'
import { loadGenerator } from './processes.ts'
import { machine, tableOf } from './report.ts'

// `npm run bench:oauth [-- --rows 10000000] [--only-dead]`: token requests against `oidc-provider`, both on one Postgres, one process and one core
// each, in turns; and refreshes beside a table of dead tokens against an empty one.

const CONNECTIONS = 32
const ROUNDS = 5
const ROUND_SECONDS = 3
const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'
const CLIENT_CREDENTIALS = 'client_credentials'
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    'only-dead': { type: 'boolean', default: false },
  },
})
const DEAD_ROWS = Number(values.rows)

function basic({ id, secret }: AttackClient): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret ?? '')}`).toString('base64')}`
}

/** The requests to a target, by name: each once, in requests a second. */
async function contendersOf(target: Target) {
  const chains = []
  // One after the other: so many sign-ins at once look like a brute-force attack.
  for (let chain = 0; chain < CONNECTIONS; chain++) chains.push(await freshTokens(target))
  const port = Number(new URL(target.nodes[0] ?? '').port)
  let refreshes: readonly string[] = chains.map(({ refresh }) => refresh)
  const mine = basic(target.clients.mine)
  const run = async (request: string, texts: readonly string[], nextIn?: string) => {
    const chained = nextIn === undefined ? {} : { nextIn }
    const load = { port, connections: CONNECTIONS, request, texts, seconds: ROUND_SECONDS, ...chained }
    const answer = await generator.run(load)
    if (nextIn !== undefined) refreshes = answer.next
    busy.push(answer.busy)
    return answer.count / answer.seconds
  }
  /** `{}` in the body stands for one of some texts of equal length. */
  const asking = (path: string, authorization: string, text: string, type: string, textLength: number) =>
    rawRequest('POST', path, { authorization }, { text, textLength, type })
  const accesses = chains.map(({ access }) => access)
  const [access = ''] = accesses
  const [refresh = ''] = refreshes
  const own = asking(
    target.paths.token,
    basic(target.clients.machine),
    'grant_type={}&scope=orders:read',
    FORM,
    CLIENT_CREDENTIALS.length,
  )
  const about = asking(target.paths.introspect, mine, 'token={}', FORM, access.length)
  const verify = asking(
    '/v1/verify',
    `Bearer ${target.adminKey}`,
    '{"credential":"{}"}',
    JSON_TYPE,
    access.length,
  )
  const renewing = asking(
    target.paths.token,
    mine,
    'grant_type=refresh_token&refresh_token={}',
    FORM,
    refresh.length,
  )
  return {
    clientCredentials: () => run(own, [CLIENT_CREDENTIALS]),
    introspection: () => run(about, accesses),
    verification: () => run(verify, accesses),
    refresh: () => run(renewing, refreshes, 'refresh_token'),
  }
}

const busy: number[] = []
const generator = await onCore('others', loadGenerator)
const postgres = await onCore('others', () => startPostgres())
const ours = await onCore('measured', () => openDoorward(postgres.url))
const findings: Finding[] = []
const own = await contendersOf(ours)
const told = (samples: { one: readonly number[]; other: readonly number[] }) =>
  `${Math.round(median(samples.one))} a second against ${Math.round(median(samples.other))}`
if (!values['only-dead']) await compareWithPeer()

const before = await refreshes()
await addDeadTokens(ours.databaseUrl)
const after = await refreshes()
const samples = { one: before, other: after }
findings.push(
  compare(
    `refresh with few tokens against ${DEAD_ROWS.toLocaleString('en')} dead ones`,
    samples,
    told(samples),
    { atMost: 1.3 },
  ),
)
say(findings.at(-1))
await ours.close()
await postgres.stop()
await generator.stop()
if (DEAD_ROWS >= 10_000_000 && !values['only-dead']) writeResults()
process.stdout.write(`The load generator was ${Math.round(median(busy) * 100)} % busy.\n`)

/** Alternating, on the same Postgres. */
async function compareWithPeer(): Promise<void> {
  const theirs = await onCore('measured', () => openOidcProvider(postgres.url))
  const other = await contendersOf(theirs)
  for (const [what, one, another, atLeast] of [
    ['client_credentials', own.clientCredentials, other.clientCredentials, 2],
    ['refresh', own.refresh, other.refresh, 2],
    // Ours reads the database each time, so that a revocation at another server takes effect at once. Verifying does no I/O.
    ['introspection, each time from the database', own.introspection, other.introspection, undefined],
    ['verification (/v1/verify) against its introspection', own.verification, other.introspection, 10],
  ] as const) {
    const samples = await interleaved(ROUNDS, { one, other: another })
    findings.push(compare(what, samples, told(samples), atLeast === undefined ? undefined : { atLeast }))
    say(findings.at(-1))
  }
  await theirs.close()
}

/** Rounds of refreshes, after one that warms up. */
async function refreshes(): Promise<readonly number[]> {
  await own.refresh()
  const rounds = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await own.refresh())
  return rounds
}

/**
 * Inserts dead tokens of both kinds, as time would leave them, and updates the statistics, as Postgres does by itself.
 */
async function addDeadTokens(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const past = `now() - interval '2 hours'`
  await client.query(
    `insert into refresh_tokens (hash, family_id, created_at, expires_at, spent_at, successor_hash)
     select sha256(('r' || n)::bytea), 'fam_dead' || n / 100, ${past}, ${past}, ${past}, sha256(('s' || n)::bytea)
     from generate_series(1, $1) as n`,
    [Math.round(DEAD_ROWS / 2)],
  )
  await client.query(
    `insert into access_tokens (hash, family_id, client_id, environment, scopes, resources, created_at, expires_at)
     select sha256(('a' || n)::bytea), 'fam_dead' || n / 100, 'cli_dead', 'live', '{orders:read}', '{}', ${past}, ${past}
     from generate_series(1, $1) as n`,
    [Math.round(DEAD_ROWS / 2)],
  )
  // Otherwise Postgres would do it during the measurement.
  await client.query('vacuum analyze')
  await client.query('checkpoint')
  await client.end()
}

/** Only after a whole run. */
function writeResults(): void {
  const table = tableOf(findings.map((finding) => ({ part: '', ...finding })))
  writeFileSync(
    fileURLToPath(new URL('OAUTH.md', import.meta.url)),
    `# Token requests against \`oidc-provider\`

\`npm run bench:oauth\`, ${new Date().toISOString().slice(0, 10)}.

Machine: ${machine(postgres.description)}. The measured server has one core; Postgres and the load generator (plain sockets, ${CONNECTIONS} connections, one request in progress on each) have the other. Each server is one process; both sides of a line were measured in turns, ${ROUNDS} rounds of ${ROUND_SECONDS} seconds after a warm-up round. *measured* is the ratio of the medians, *range* that of single rounds. [WHY.md](WHY.md) explains missed targets.

${table}
Round trips to the database: one for \`client_credentials\`, two for a code and for a refresh if the client was looked up within five seconds (otherwise the client is looked up together with the code or token), none for a warm verification.
`,
  )
}

function say(finding: Finding | undefined): void {
  if (finding === undefined) return
  const { what, measured, range, target = '', reached, figures } = finding
  process.stdout.write(
    `${reached === undefined ? ' ' : reached ? '✔' : '✖'} ${what}: ${measured} (${range})${target === '' ? '' : `, to reach ${target}`}; ${figures}\n`,
  )
}
