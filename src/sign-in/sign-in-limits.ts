import { createHash } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { FixedWindowLimiter, NetworkLimiter } from '../base/fixed-window-limiter.ts'
import { networkOf } from '../base/network.ts'

/**
 * Brute-force limits for passwords. One network has ten tries at one user in ten minutes, so that a guesser locks out
 * itself and not the user; one user has a hundred tries an hour from everywhere; one network has a hundred tries in ten
 * minutes at all users (password spraying), and an IPv6 /48 four times as many. Kept per server.
 */
const LIMITS = {
  guesser: { most: 10, windowMs: 600_000 },
  user: { most: 100, windowMs: 3_600_000 },
  network: { most: 100, windowMs: 600_000 },
} as const

/** An attempt that waits for a hash or was hashed is counted: some four a second, so 14,400 an hour, at two at once. */
const MAX_NAMES = 20_000

export class SignInLimits {
  readonly #guesser: FixedWindowLimiter
  readonly #user: FixedWindowLimiter
  readonly #network: NetworkLimiter

  constructor(clock: Pick<Clock, 'steadyMs'>) {
    this.#guesser = new FixedWindowLimiter(clock, { ...LIMITS.guesser, maxNames: MAX_NAMES })
    this.#user = new FixedWindowLimiter(clock, { ...LIMITS.user, maxNames: MAX_NAMES })
    this.#network = new NetworkLimiter(clock, LIMITS.network)
  }

  /** Counts that are kept, of all kinds. */
  get size(): number {
    return this.#guesser.size + this.#user.size + this.#network.size
  }

  /** Counts an attempt before it is made, so that concurrent ones count too. @returns seconds to wait, or null */
  attempt(email: string, ip: string | null): number | null {
    const { guesser, user } = namesOf(email, ip)
    return this.#network.count(ip) ?? this.#guesser.count(guesser) ?? this.#user.count(user)
  }

  /**
   * Uncounts an attempt for which there was no time: it was not a guess. Its network stays counted, because its requests
   * took places of the queue.
   */
  notMade(email: string, ip: string | null): void {
    const { guesser, user } = namesOf(email, ip)
    this.#guesser.uncount(guesser)
    this.#user.uncount(user)
  }

  /** Uncounts the attempts of a user who has proved the password. */
  succeeded(email: string, ip: string | null): void {
    const { guesser, user } = namesOf(email, ip)
    this.#guesser.forget(guesser)
    this.#user.forget(user)
    this.#network.uncount(ip)
  }
}

/** Of one short length: a piece of a text keeps the whole text in memory, here a form of 16 KB. */
function namesOf(email: string, ip: string | null) {
  const nameOf = (text: string) => createHash('sha256').update(text).digest('base64')
  return { guesser: nameOf(`${networkOf(ip)} ${email}`), user: nameOf(email) }
}
