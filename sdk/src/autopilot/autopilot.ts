import type { Secret } from '../credential/secret.ts'
import { type AskAsKey, askAsKey, type OwnKeyServer, RotationRefusedError } from '../source/own-key-api.ts'
import { type OwnKeyRotation, rotateOwnKey } from '../source/rotate-own-key.ts'
import { warnSparingly } from '../source/warn.ts'
import { inTurn } from './in-turn.ts'
import { readState } from './own-state.ts'
import { readSecret, type SecretStore } from './secret-store.ts'

export interface AutopilotOptions extends OwnKeyServer {
  /** Where the secret is kept between two starts: `fileStore`, `envFileStore`, or functions of your own. */
  readonly store: SecretStore
  /**
   * Gets why a check failed: the server is away, the store refuses to write, the key is not to rotate itself. Nothing is lost by
   * it: the secret at hand stays in use, and the next check tries again. Default: a process warning, the same one at most
   * once a minute.
   */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Called once the new secret is stored and in use. */
  readonly onRotated?: ((rotation: OwnKeyRotation) => void) | undefined
  /** Overlap: seconds for which both secrets work, 3600 to 604800. Default: a week, within the policy. */
  readonly overlapSeconds?: number | undefined
  /** Interval of asking the server if a rotation is due, in ms. Default 10 minutes. */
  readonly checkEveryMs?: number | undefined
  /**
   * Interval of reading the store again, in ms: another process that shares it may have rotated the key. Far less than an hour,
   * after which that process may end the old secret. Default 15 seconds.
   */
  readonly rereadEveryMs?: number | undefined
}

export interface Autopilot {
  /** The secret to send with the next request. Ask for each request: it changes while the program runs. */
  current(): Secret
  /** Checks now, and resolves when all that is due is done or has failed (`onError`). */
  check(): Promise<void>
  /** Stops, once a check under way is done. */
  close(): Promise<void>
}

/** Why the key is not rotated, though the server and the store are well. */
export class AutopilotError extends Error {
  override readonly name = 'AutopilotError'
}

const CHECK_EVERY_MS = 600_000
const REREAD_EVERY_MS = 15_000
const FIRST_RETRY_MS = 1_000
/** Node runs a timer at once that is to wait for longer. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/** No old secret is ended sooner, whatever is known of its use: other processes read the store again until then. */
const FINISH_AFTER_SECONDS = 3_600
/** For so long the server repeats the answer that has the new secret; then the rotation can be undone. */
const REPEATED_FOR_SECONDS = 24 * 3_600

/**
 * Rotates a key from within the program that uses it, whenever the server says that it is due (`auto_rotate_after_days`). The
 * new secret is stored, read back and used for a call before `current()` returns it; the old one is ended when it has been
 * quiet for an hour. The server's clock decides, and any number of processes may share the store.
 *
 * @throws what `store.read` throws: without a secret there is nothing to start with
 */
export async function startAutopilot(options: AutopilotOptions): Promise<Autopilot> {
  const { store, checkEveryMs = CHECK_EVERY_MS, rereadEveryMs = REREAD_EVERY_MS } = options
  const { onError = warnSparingly(Date.now) } = options
  const ask = askAsKey(options)
  const inOrder = inTurn()
  let current = await readSecret(store)
  let failures = 0
  let isClosed = false
  const timers = new Set<NodeJS.Timeout>()

  const reread = async () => {
    const stored = await readSecret(store)
    if (stored.reveal() !== current.reveal()) current = stored
  }
  const check = () =>
    inOrder(async () => {
      try {
        await reread()
        current = (await doWhatIsDue(options, ask, current)) ?? current
        failures = 0
      } catch (error) {
        failures += 1
        onError(error)
      }
    })
  const later = (delayMs: number, act: () => Promise<void>) => {
    if (isClosed) return
    const timer = setTimeout(
      () => {
        timers.delete(timer)
        void act()
      },
      Math.min(delayMs, LONGEST_DELAY_MS),
    )
    // The program ends when its own work does.
    timer.unref()
    timers.add(timer)
  }
  const checkAgain = async () => {
    await check()
    const wait = failures === 0 ? checkEveryMs : FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20)
    // Spread, so that a thousand programs that were started together do not ask together.
    const spread = 0.9 + 0.2 * Math.random()
    later(Math.min(wait, checkEveryMs) * spread, checkAgain)
  }
  const rereadAgain = async () => {
    await inOrder(() => reread().catch(onError))
    later(rereadEveryMs, rereadAgain)
  }
  later(0, checkAgain)
  later(rereadEveryMs, rereadAgain)

  return {
    current: () => current,
    check,
    close: async () => {
      isClosed = true
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      await inOrder(async () => {})
    },
  }
}

/** @returns the secret that has become the current one, or null */
async function doWhatIsDue(
  options: AutopilotOptions,
  ask: AskAsKey,
  current: Secret,
): Promise<Secret | null> {
  const own = await readState(ask, current)
  switch (own.is) {
    case 'presenting_new':
      if (own.ageSeconds >= FINISH_AFTER_SECONDS) await finishIfQuiet(ask, current)
      return null
    case 'rotated_by_other':
      throw new AutopilotError(
        'The key is being rotated with an admin key: put the new secret in the store before the overlap ends.',
      )
    case 'presenting_old':
      // A process was stopped, or could not store the new secret.
      if (own.ageSeconds >= REPEATED_FOR_SECONDS) await ask('POST', '/v1/self/rotation/undo', current, {})
      return await rotate(options, ask, current)
    case 'not_asked':
      throw new AutopilotError('The key is not to rotate itself: set its `auto_rotate_after_days`.')
    case 'due':
      return await rotate(options, ask, current)
    case 'not_due':
      return null
  }
}

/**
 * Rotates, stores, reads what was stored and uses it for a call. Each step can be the last one before a crash: called again
 * with the old secret, the server answers with the same new one.
 */
async function rotate(options: AutopilotOptions, ask: AskAsKey, old: Secret): Promise<Secret> {
  const { store, onRotated } = options
  const rotation = await rotateOwnKey({
    ...options,
    secret: old,
    store: (secret) => store.write(secret),
  })
  const stored = await readSecret(store)
  if (stored.reveal() !== rotation.secret.reveal())
    throw new AutopilotError('The store does not return the secret that was written to it.')
  await confirm(store, ask, { old, stored })
  onRotated?.(rotation)
  return stored
}

/** A new secret that was undone while it was being stored must not stay in the store. */
async function confirm(
  store: SecretStore,
  ask: AskAsKey,
  { old, stored }: { readonly old: Secret; readonly stored: Secret },
): Promise<void> {
  try {
    await readState(ask, stored)
  } catch (error) {
    if (error instanceof RotationRefusedError && error.code === 'invalid_token') await store.write(old)
    throw error
  }
}

/** Ends the old secret, unless a program still uses it. It is no fault if another process has ended it meanwhile. */
async function finishIfQuiet(ask: AskAsKey, current: Secret): Promise<void> {
  try {
    await ask('POST', '/v1/self/rotation/finish', current, {})
  } catch (error) {
    const isExpected =
      error instanceof RotationRefusedError && ['old_secret_in_use', 'no_rotation'].includes(error.code)
    if (!isExpected) throw error
  }
}
