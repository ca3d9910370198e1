import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/**
 * How often somebody may fail to prove that they are a client, from one address at one client: 30 times in five minutes.
 * The client itself, from its own address, is not kept out by a stranger who guesses. Kept by each server for itself.
 */
const LIMIT = { points: 30, duration: 300 }

export class GuessLimits {
  readonly #limiter = new RateLimiterMemory(LIMIT)

  /** Seconds to wait, or null to go on. */
  async wait(ip: string | null, clientId: string): Promise<number | null> {
    const known = await this.#limiter.get(keyOf(ip, clientId))
    return known === null || known.consumedPoints < LIMIT.points
      ? null
      : Math.max(1, Math.ceil(known.msBeforeNext / 1000))
  }

  async failed(ip: string | null, clientId: string): Promise<void> {
    await this.#limiter.consume(keyOf(ip, clientId)).catch((refused: unknown) => {
      if (!(refused instanceof RateLimiterRes)) throw refused
    })
  }
}

function keyOf(ip: string | null, clientId: string): string {
  return `${ip ?? 'nowhere'} ${clientId.slice(0, 200)}`
}
