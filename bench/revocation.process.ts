import { setTimeout as sleep } from 'node:timers/promises'
import { createVerifier, httpSource, type Verifier } from '@doorward/sdk'
import { sharedMs } from './measure.ts'

/** The other process: an API with the SDK, which verifies the same keys repeatedly. */
export type WatcherMessage =
  | { readonly open: { readonly url: string; readonly adminKey: string; readonly texts: readonly string[] } }
  /** Waits until each of these is accepted, and so in the cache. */
  | { readonly warm: readonly number[] }
  /** Waits until each of these is refused, for at most half a minute. */
  | { readonly watch: readonly number[] }

export interface WatcherAnswer {
  /** The start of the first check that refused it, on the machine's clock; null for never. */
  readonly refusedAtMs: readonly (number | null)[]
  /** Keys that were accepted after they had been refused. */
  readonly revived: number
}

const ASK = { scopes: ['orders:read'], environment: 'live', clientIp: '203.0.113.7' }
const GIVE_UP_AFTER_MS = 30_000

let verifier: Verifier | undefined
let texts: readonly string[] = []

process.on('message', (message: WatcherMessage) => {
  void answer(message).then((value) => process.send?.(value))
})

async function answer(message: WatcherMessage): Promise<WatcherAnswer> {
  if ('open' in message) {
    texts = message.open.texts
    verifier = createVerifier({ source: httpSource(message.open), maxEntries: texts.length })
  } else if ('warm' in message) await Promise.all(message.warm.map((place) => until(place, true)))
  else {
    const refusedAtMs = await Promise.all(message.watch.map((place) => until(place, false)))
    const again = await Promise.all(message.watch.map(isAccepted))
    return { refusedAtMs, revived: again.filter((accepted) => accepted).length }
  }
  return { refusedAtMs: [], revived: 0 }
}

async function until(place: number, accepted: boolean): Promise<number | null> {
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS
  while (performance.now() < giveUpAt) {
    const beganMs = sharedMs()
    if ((await isAccepted(place)) === accepted) return beganMs
    await sleep(1)
  }
  return null
}

/** An unavailable source counts as a refusal. */
async function isAccepted(place: number): Promise<boolean> {
  try {
    return (await verifier?.verify(texts[place] ?? '', ASK))?.valid === true
  } catch {
    return false
  }
}
