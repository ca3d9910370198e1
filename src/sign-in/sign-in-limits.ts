import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { networkOf } from '../base/network.ts'

/**
 * How often a password may be guessed. From one address at one account ten times in ten minutes, so that a stranger who
 * guesses locks himself out and not the account's person; at one account from everywhere a hundred times an hour; from
 * one address at all accounts a hundred times in ten minutes. Kept by each server for itself.
 */
const LIMITS = {
  guesser: { points: 10, duration: 600 },
  account: { points: 100, duration: 3600 },
  address: { points: 100, duration: 600 },
} as const

export class SignInLimits {
  readonly #guesser = new RateLimiterMemory(LIMITS.guesser)
  readonly #account = new RateLimiterMemory(LIMITS.account)
  readonly #address = new RateLimiterMemory(LIMITS.address)

  /** Counts an attempt before it is made, so that many at once are many. @returns seconds to wait, or null to go on */
  async attempt(email: string, ip: string | null): Promise<number | null> {
    const address = networkOf(ip)
    return (
      (await take(this.#address, address)) ??
      (await take(this.#guesser, `${address} ${email}`)) ??
      (await take(this.#account, email))
    )
  }

  /** Who has the right password was not guessing. */
  async succeeded(email: string, ip: string | null): Promise<void> {
    const address = networkOf(ip)
    await this.#guesser.delete(`${address} ${email}`)
    await this.#account.delete(email)
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
