import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { networkOf } from '../base/network.ts'

/**
 * Brute-force limits for passwords. One address has ten tries at one user in ten minutes, so that a guesser locks out
 * itself and not the user; one user has a hundred tries an hour from everywhere; one address has a hundred tries in ten
 * minutes at all users (password spraying). Kept per server.
 */
const LIMITS = {
  guesser: { points: 10, duration: 600 },
  user: { points: 100, duration: 3600 },
  address: { points: 100, duration: 600 },
} as const

export class SignInLimits {
  readonly #guesser = new RateLimiterMemory(LIMITS.guesser)
  readonly #user = new RateLimiterMemory(LIMITS.user)
  readonly #address = new RateLimiterMemory(LIMITS.address)

  /** Counts an attempt before it is made, so that concurrent ones count too. @returns seconds to wait, or null */
  async attempt(email: string, ip: string | null): Promise<number | null> {
    const address = networkOf(ip)
    return (
      (await take(this.#address, address)) ??
      (await take(this.#guesser, `${address} ${email}`)) ??
      (await take(this.#user, email))
    )
  }

  /** Uncounts the attempts of a user who has proved the password. */
  async succeeded(email: string, ip: string | null): Promise<void> {
    const address = networkOf(ip)
    await this.#guesser.delete(`${address} ${email}`)
    await this.#user.delete(email)
    await this.#address.reward(address)
  }
}

async function take(limiter: RateLimiterMemory, key: string): Promise<number | null> {
  try {
    await limiter.consume(key)
    return null
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return Math.max(1, Math.ceil(refused.msBeforeNext / 1000))
    throw refused
  }
}
