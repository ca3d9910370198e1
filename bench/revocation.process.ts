import { setTimeout as sleep } from 'node:timers/promises'
import { createVerifier, httpSource, type Verifier } from '@doorward/sdk'
import { sharedMs } from './measure.ts'

/** The other process: an API's, with the SDK in it, that asks for the same keys over and over. */
export type WatcherMessage =
  | { readonly open: { readonly url: string; readonly adminKey: string; readonly texts: readonly string[] } }
  /** Until each of these is accepted, so that it is in the cache. */
  | { readonly warm: readonly number[] }
  /** Until each of these is refused, or for half a minute. */
  | { readonly watch: readonly number[] }

export interface WatcherAnswer {
  /** When the check began that was the first not to accept it, on the clock of all processes; null for never. */
  readonly refusedAtMs: readonly (number | null)[]
  /** How many were accepted after they had been refused. */
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

/** That nobody can be asked is a "no". */
async function isAccepted(place: number): Promise<boolean> {
  try {
    return (await verifier?.verify(texts[place] ?? '', ASK))?.valid === true
  } catch {
    return false
  }
}
