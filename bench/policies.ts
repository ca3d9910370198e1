import type { Bench } from './bench.ts'
import { type Doorward, newAdminKey, startDoorward } from './doorward.ts'
import { fillKeys } from './fill-keys.ts'
import { makeDatabase } from './keys.ts'
import { type Finding, figure, median, quantile, rounded } from './measure.ts'
import { verifications } from './verifications.ts'

/** Promised for a preview. */
const PREVIEW_MS = 2_000
const DAY_SECONDS = 86_400

/** Rules that reach what exists, all of them at once. */
const TIGHT = {
  max_lifetime_seconds: 90 * DAY_SECONDS,
  default_lifetime_seconds: 30 * DAY_SECONDS,
  never_expires_allowed: false,
  rotate_every_days: 60,
  disable_unused_after_days: 90,
  ip_allowlist_required: true,
}

/** (j) A tightened policy over a hundred thousand keys: its preview, and how long its steps take beside verification. */
export async function policies({ postgresUrl, quick, say }: Bench): Promise<readonly Finding[]> {
  const keys = quick ? 5_000 : 100_000
  const url = await makeDatabase(postgresUrl, 'policies')
  const adminKey = newAdminKey()
  await (await startDoorward(url, {}, adminKey)).stop()
  say(`j: filling a table with ${keys.toLocaleString('en-US')} keys`)
  await fillKeys(url, keys, 2_000, new Date())
  const doorward = await startDoorward(url, {}, adminKey)
  const previews: number[] = []
  for (let round = 0; round < (quick ? 1 : 5); round++) {
    const startedMs = performance.now()
    await change(doorward, { ...TIGHT, dry_run: true })
    previews.push(performance.now() - startedMs)
  }
  say(`j: ${previews.map(rounded).join(', ')} ms`)
  const idle: number[] = []
  for (let round = 0; round < (quick ? 1 : 30); round++) idle.push(...(await verifications(doorward, keys)))
  const startedMs = performance.now()
  await change(doorward, TIGHT)
  const beside: number[] = []
  do beside.push(...(await verifications(doorward, keys)))
  while (!(await isApplied(doorward)))
  const appliedMs = performance.now() - startedMs
  await doorward.stop()
  return [
    figure('preview of a tightened policy', median(previews), 'ms', `all rules that reach existing keys`, {
      atMost: PREVIEW_MS,
    }),
    figure('the policy has reached all keys', appliedMs / 1000, 's', 'in steps of 500 keys'),
    figure(
      '/v1/verify of any key meanwhile: p99',
      quantile(beside, 0.99),
      'ms',
      `${rounded(quantile(idle, 0.99))} ms before; medians ${rounded(median(beside))} and ${rounded(median(idle))} ms`,
    ),
  ]
}

async function change({ server }: Doorward, body: object): Promise<void> {
  const answer = await server.call('PATCH', '/v1/policies/live', body)
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}

async function isApplied({ server }: Doorward): Promise<boolean> {
  const { body } = await server.call('GET', '/v1/policies/live')
  const { shortening, dating } = body as Record<
    'shortening' | 'dating',
    { finished_at: string | null } | null
  >
  return [shortening, dating].every((walk) => walk === null || walk.finished_at !== null)
}
