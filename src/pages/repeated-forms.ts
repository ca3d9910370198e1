import { createHash } from 'node:crypto'
import { isDoubleClick, WINDOW_MS } from './double-click.ts'
import type { CookieName, Visit } from './visit.ts'

/** Browsers whose last form is kept. Strangers can make up any number of browsers: the oldest is dropped. */
const MAX_BROWSERS = 1000

const COOKIES: readonly CookieName[] = ['browser', 'session', 'staff', 'staff-sign-in', 'sso']

type SetCookie = readonly [name: CookieName, value: string | null]

interface Given<Answer> {
  readonly answer: Answer
  readonly cookies: readonly SetCookie[]
}

/** The last form of one browser. */
interface LastForm<Answer> {
  /** Digests of the form with the cookies as they were before it, and as its answer leaves them. */
  readonly digests: Set<string>
  /** The requests that wait for the answer. */
  readonly visits: Visit[]
  readonly given: Promise<Given<Answer>>
  readonly at: Date
  isAnswered: boolean
  /** Seen by a sweep before. */
  isOld: boolean
}

/**
 * Gives a form that is sent twice, as a double click does, the answer of the first request, with its cookies. Browsers show
 * the answer to the last click and drop the first, cookies included, so a spent code, link or session token must not make
 * the second one fail. The form is handled once: a code still works once, and a wrong one is counted once.
 *
 * It is the same form where path and fields are equal, with the CSRF token, which is another in each page that is shown;
 * where all our cookies are as they were, or as the first answer left them; and where address and user agent are the same.
 * So an answer goes only to the browser that has proved what it stands on.
 *
 * A refusal is given to the requests that wait for it, and not kept. Other answers are kept per server for `WINDOW_MS`, or
 * until the browser sends another form: a browser whose clicks reach two servers gets two answers.
 */
export class RepeatedForms<Answer> {
  readonly #isRefusal: (answer: Answer) => boolean
  readonly #last = new Map<string, LastForm<Answer>>()
  #sweeps = false

  constructor(isRefusal: (answer: Answer) => boolean) {
    this.#isRefusal = isRefusal
  }

  get size(): number {
    return this.#last.size
  }

  async answer(
    visit: Visit,
    path: string,
    fields: URLSearchParams,
    handle: (visit: Visit) => Promise<Answer>,
  ): Promise<Answer> {
    const form = JSON.stringify([path, fields.toString(), visit.ip, visit.userAgent])
    const digest = digestOf(form, visit.cookie)
    const last = this.#last.get(visit.browser())
    const isRepeated =
      last?.digests.has(digest) === true && (!last.isAnswered || isDoubleClick(last.at, visit.now))
    if (!isRepeated) return (await this.#first(visit, form, digest, handle)).answer
    last.visits.push(visit)
    const { answer, cookies } = await last.given
    for (const [name, value] of cookies) visit.setCookie(name, value)
    return answer
  }

  /** Drops the last form of a browser, which sends one that is answered elsewhere. */
  forget(visit: Visit): void {
    this.#last.delete(visit.browser())
  }

  async #first(
    visit: Visit,
    form: string,
    digest: string,
    handle: (visit: Visit) => Promise<Answer>,
  ): Promise<Given<Answer>> {
    const browser = visit.browser()
    const visits = [visit]
    const cookies: SetCookie[] = []
    const answered = handle({
      ...visit,
      isGone: () => visits.every((each) => each.isGone()),
      setCookie: (name, value) => {
        cookies.push([name, value])
        visit.setCookie(name, value)
      },
    })
    const given = answered.then((answer) => ({ answer, cookies }))
    const last: LastForm<Answer> = {
      digests: new Set([digest]),
      visits,
      given,
      at: visit.now,
      isAnswered: false,
      isOld: false,
    }
    this.#keep(browser, last)
    const drop = () => {
      if (this.#last.get(browser) === last) this.#last.delete(browser)
    }
    try {
      const done = await given
      if (this.#isRefusal(done.answer)) drop()
      const left = new Map<CookieName, string | null>(cookies)
      last.digests.add(
        digestOf(form, (name) => (left.has(name) ? (left.get(name) ?? undefined) : visit.cookie(name))),
      )
      return done
    } catch (error) {
      drop()
      throw error
    } finally {
      last.isAnswered = true
      visits.length = 0
    }
  }

  #keep(browser: string, last: LastForm<Answer>): void {
    this.#last.delete(browser)
    this.#last.set(browser, last)
    const [oldest] = this.#last.keys()
    if (this.#last.size > MAX_BROWSERS && oldest !== undefined) this.#last.delete(oldest)
    if (!this.#sweeps) this.#sweepLater()
  }

  /** Drops answers after one to two windows: they hold secrets, so they do not stay until the next form. */
  #sweepLater(): void {
    this.#sweeps = true
    setTimeout(() => {
      for (const [browser, last] of this.#last)
        if (last.isOld && last.isAnswered) this.#last.delete(browser)
        else last.isOld = true
      this.#sweeps = false
      if (this.#last.size > 0) this.#sweepLater()
    }, WINDOW_MS).unref()
  }
}

function digestOf(form: string, cookie: Visit['cookie']): string {
  const all = [form, ...COOKIES.map((name) => cookie(name) ?? null)]
  return createHash('sha256').update(JSON.stringify(all)).digest('base64url')
}
