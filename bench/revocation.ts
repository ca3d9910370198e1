import type { Bench } from './bench.ts'
import { type Doorward, startDoorward } from './doorward.ts'
import { openFeedGate } from './feed-gate.ts'
import { keyIdAt, makeDatabase, mintTexts, storeKeys } from './keys.ts'
import { type Finding, figure, quantile, rounded, sharedMs } from './measure.ts'
import { type Fork, forkScript } from './processes.ts'
import type { WatcherAnswer, WatcherMessage } from './revocation.process.ts'

/** Fewer without a feed, where each takes seconds. */
const HEALTHY_AT_MOST_MS = 90_000

/** (g) From the request to revoke until another process refuses the key: with the feed, and with the feed cut. */
export async function revocation({ postgresUrl, quick, say }: Bench): Promise<readonly Finding[]> {
  const healthy = placesFrom(0, quick ? 20 : 1_000)
  const held = placesFrom(healthy.length, quick ? 5 : 100)
  const cut = placesFrom(healthy.length + held.length, held.length)
  const url = await makeDatabase(postgresUrl, 'revocation')
  const texts = mintTexts(healthy.length + held.length + cut.length)
  await storeKeys(url, texts)
  const doorward = await startDoorward(url)
  const gate = await openFeedGate(doorward.port)
  const watcher = forkScript('revocation.process.ts')
  const open = { url: gate.url, adminKey: doorward.verifyKey, texts }
  await tell(watcher, { open })

  await tell(watcher, { warm: healthy })
  const ms: number[] = []
  const endAt = performance.now() + HEALTHY_AT_MOST_MS
  for (const place of healthy)
    if (performance.now() < endAt) ms.push(...(await latencies(doorward, watcher, [place])))
  const findings = [line('revocation seen by another process, p99', quantile(ms, 0.99), ms, 50)]
  const cuts = [
    ['feed', 'the feed held open without data: max', held],
    ['everything', 'everything between the two cut: max', cut],
  ] as const
  for (const [what, name, places] of cuts) {
    say(`g: ${name}`)
    await tell(watcher, { warm: places })
    gate.hold(what)
    const ms = await latencies(doorward, watcher, places)
    findings.push(line(name, Math.max(...ms), ms, 5_500))
    gate.release()
  }
  await watcher.stop()
  await gate.close()
  await doorward.stop()
  return findings
}

/** Revokes them one by one; returns for each how long the other process still accepted it. */
async function latencies(doorward: Doorward, watcher: Fork, places: readonly number[]): Promise<number[]> {
  const watching = tell(watcher, { watch: places })
  const orderedAtMs: number[] = []
  for (const place of places) {
    orderedAtMs.push(sharedMs())
    const answer = await doorward.server.call('POST', `/v1/keys/${keyIdAt(place)}/revoke`, {
      reason: 'benchmark',
    })
    if (answer.status !== 200) throw new Error(`not revoked: ${JSON.stringify(answer.body)}`)
  }
  const { refusedAtMs, revived } = await watching
  if (revived > 0) throw new Error(`${revived} keys were accepted again after they had been refused`)
  return orderedAtMs.map((orderedMs, at) => (refusedAtMs[at] ?? Number.POSITIVE_INFINITY) - orderedMs)
}

function line(what: string, value: number, ms: readonly number[], atMost: number): Finding {
  const quantiles = [0.5, 0.99, 1].map((share) => rounded(quantile(ms, share)))
  const figures = `p50, p99, max of ${ms.length}: ${quantiles.join(', ')} ms, from sending the order`
  return figure(what, value, 'ms', figures, { atMost })
}

function tell(watcher: Fork, message: WatcherMessage): Promise<WatcherAnswer> {
  return watcher.ask(message)
}

function placesFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at)
}
