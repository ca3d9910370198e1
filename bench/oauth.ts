import { Agent, request } from 'node:http'
import pg from 'pg'
import { openDoorward } from '../test/attacks/doorward.target.ts'
import { openOidcProvider } from '../test/attacks/oidc-provider.target.ts'
import { freshTokens } from '../test/attacks/requests.ts'
import type { AttackClient, Target } from '../test/attacks/target.ts'
import { startPostgres } from '../test/postgres.ts'
import { compare, type Finding, interleaved } from './measure.ts'

// `node bench/oauth.ts [--rows 10000000]`: token requests against `oidc-provider`, both on one Postgres, one process each,
// in turns; and refreshes beside a table of dead tokens against an empty one.

const CONNECTIONS = 32
const ROUNDS = 5
const ROUND_MS = 3_000
const [, , , rowsText = '10000000'] = process.argv
const DEAD_ROWS = Number(rowsText)

interface Call {
  readonly path: string
  readonly body: string
  readonly authorization: string
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })

function post(
  target: Target,
  { path, body, authorization }: Call,
  type = 'application/x-www-form-urlencoded',
) {
  return new Promise<string>((resolve, reject) => {
    const headers = { authorization, 'content-type': type, 'content-length': Buffer.byteLength(body) }
    const asking = request(target.nodes[0] + path, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => (text += part))
      response.once('end', () =>
        response.statusCode === 200
          ? resolve(text)
          : reject(new Error(`${path}: ${response.statusCode} ${text}`)),
      )
    })
    asking.once('error', reject).end(body)
  })
}

function basic({ id, secret }: AttackClient): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret ?? '')}`).toString('base64')}`
}

/** Requests a second, one under way for each chain; each chain makes its next request from the answer before. */
async function perSecond(ask: (chain: number) => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  let count = 0
  const drive = async (chain: number) => {
    while (performance.now() - startedMs < ROUND_MS) {
      await ask(chain)
      count += 1
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, chain) => drive(chain)))
  return (count * 1000) / (performance.now() - startedMs)
}

/** What is asked of a target, by name. */
async function contendersOf(target: Target) {
  const chains = []
  // One after the other: so many sign-ins at once look like guessing.
  for (let chain = 0; chain < CONNECTIONS; chain++) chains.push(await freshTokens(target))
  const mine = basic(target.clients.mine)
  const [{ access } = { access: '' }] = chains
  const own = {
    path: target.paths.token,
    body: 'grant_type=client_credentials&scope=orders:read',
    authorization: basic(target.clients.machine),
  }
  const about = { path: target.paths.introspect, body: `token=${access}`, authorization: mine }
  const refreshes = chains.map(({ refresh }) => refresh)
  return {
    clientCredentials: () => perSecond(async () => void (await post(target, own))),
    introspection: () => perSecond(async () => void (await post(target, about))),
    verification: () =>
      perSecond(async () => {
        const call = {
          path: '/v1/verify',
          body: JSON.stringify({ credential: access }),
          authorization: `Bearer ${target.adminKey}`,
        }
        await post(target, call, 'application/json')
      }),
    refresh: () =>
      perSecond(async (chain) => {
        const body = `grant_type=refresh_token&refresh_token=${refreshes[chain]}`
        const answer = await post(target, { path: target.paths.token, body, authorization: mine })
        refreshes[chain] = JSON.parse(answer).refresh_token
      }),
  }
}

const postgres = await startPostgres()
const ours = await openDoorward(postgres.url)
const theirs = await openOidcProvider(postgres.url)
const findings: Finding[] = []
const [own, other] = [await contendersOf(ours), await contendersOf(theirs)]
const told = (samples: { one: readonly number[]; other: readonly number[] }) =>
  `${Math.round(median(samples.one))} a second against ${Math.round(median(samples.other))}`
for (const [what, one, another, atLeast] of [
  ['client_credentials', own.clientCredentials, other.clientCredentials, 2],
  ['refresh', own.refresh, other.refresh, 2],
  ['introspection', own.introspection, other.introspection, 10],
  ['verification (/v1/verify) against its introspection', own.verification, other.introspection, 10],
] as const) {
  const samples = await interleaved(ROUNDS, { one, other: another })
  findings.push(compare(what, samples, told(samples), { atLeast }))
  say(findings.at(-1))
}
await theirs.close()

const before = []
for (let round = 0; round < ROUNDS; round++) before.push(await own.refresh())
await addDeadTokens(ours.databaseUrl)
const after = []
for (let round = 0; round < ROUNDS; round++) after.push(await own.refresh())
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
agent.destroy()

/** Dead ones of both kinds, as time would leave them; the statistics are brought up to date, as Postgres does by itself. */
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
  await client.query('analyze')
  await client.query('checkpoint')
  await client.end()
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function say(finding: Finding | undefined): void {
  if (finding === undefined) return
  const { what, measured, range, target = '', reached, figures } = finding
  process.stdout.write(
    `${reached === true ? '✔' : '✖'} ${what}: ${measured} (${range}), to reach ${target}; ${figures}\n`,
  )
}
