import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Time in ms after the response to its revocation in which a key may still be accepted: the promise itself. There is no
 * allowance on top, because the time of the question counts, not the time of the answer.
 */
export const BOUND_MS = 5_000
const EVERY_MS = 100
/** However busy the machine. */
const WITHIN_MS = 60_000
/** Bound on unanswered questions; beyond it a question is skipped, not delayed. */
const MAX_OPEN = 200

interface Testimony {
  readonly askedAtMs: number
  readonly saidAtMs: number
  /** `accepted`, a reason, a status, or `no answer: …`. */
  readonly said: string
}

/** Asks a verifier about one key repeatedly, whether or not it answers, and records the answers. */
export class Witness {
  readonly heard: Testimony[] = []
  readonly #ask: () => Promise<string>
  readonly #open = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout

  constructor(ask: () => Promise<string>, everyMs = EVERY_MS) {
    this.#ask = ask
    this.#timer = setInterval(() => {
      if (this.#open.size < MAX_OPEN) void this.#askOnce()
    }, everyMs)
  }

  /** Stops asking, and waits for the open questions. */
  async dismiss(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#open)
  }

  /** Waits for the expected answer to a question that is asked from now on. */
  async hears(expected: string): Promise<void> {
    await this.#hearsFrom(performance.now(), expected, ({ said }) => said === expected)
  }

  /** Waits until a question has its answer that was asked after the bound: only that can show an acceptance too late. */
  async hearsAfterBound(revokedAtMs: number): Promise<void> {
    await this.#hearsFrom(revokedAtMs + BOUND_MS, 'any answer', ({ said }) => !said.startsWith('no answer'))
  }

  async #hearsFrom(
    fromMs: number,
    expected: string,
    isExpected: (each: Testimony) => boolean,
  ): Promise<void> {
    const giveUpAtMs = Math.max(fromMs, performance.now()) + WITHIN_MS
    while (!this.#askedFrom(fromMs).some(isExpected)) {
      const last = this.heard.slice(-5).map(({ said }) => said)
      assert.ok(performance.now() < giveUpAtMs, `never ${expected} in ${WITHIN_MS} ms; last: ${last}`)
      await sleep(20)
    }
  }

  /** The guarantee itself. A lack of questions in the time proves nothing, so it is a failure too. */
  neverAcceptedAfter(revokedAtMs: number): void {
    const late = this.#askedFrom(revokedAtMs + BOUND_MS)
    assert.ok(
      late.some(({ said }) => said !== 'accepted' && !said.startsWith('no answer')),
      'nobody asked',
    )
    for (const { said, askedAtMs } of late)
      assert.notEqual(said, 'accepted', `${Math.round(askedAtMs - revokedAtMs)} ms after its revocation`)
  }

  /** Requests and answers in between. */
  saidBetween(fromMs: number, toMs: number): Set<string> {
    const between = this.#askedFrom(fromMs).filter(({ saidAtMs }) => saidAtMs < toMs)
    return new Set(between.map(({ said }) => said))
  }

  get accepted(): number {
    return this.heard.filter(({ said }) => said === 'accepted').length
  }

  /** Allows only acceptance, refusal and 503; above all no 500. */
  get oddities(): string[] {
    return [...new Set(this.heard.map(({ said }) => said))].filter((said) => !EXPECTED.has(said))
  }

  #askedFrom(fromMs: number): Testimony[] {
    return this.heard.filter(({ askedAtMs }) => askedAtMs > fromMs)
  }

  #askOnce(): Promise<void> {
    const askedAtMs = performance.now()
    const asking = this.#ask()
      .catch((error: Error) => `no answer: ${error.cause ?? error.message}`)
      .then((said) => {
        this.#open.delete(asking)
        this.heard.push({ askedAtMs, saidAtMs: performance.now(), said })
      })
    this.#open.add(asking)
    return asking
  }
}

const EXPECTED = new Set(['accepted', 'revoked', '401', '503'])
