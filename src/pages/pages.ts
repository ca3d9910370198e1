import type { IpRanges, Secret } from '@doorward/sdk/kernel'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../base/clock.ts'
import { deriveKey } from '../base/derive.ts'
import type { Logger } from '../http/log.ts'
import { PROBLEMS, statusOf } from '../http/problem.ts'
import { problemOfThrown } from '../http/server.ts'
import { NetworkTally } from '../http/tally.ts'
import { cookiesFor } from './cookies.ts'
import { formToken, isFormToken, isFromElsewhere, TOKEN_FIELD } from './csrf-token.ts'
import { type Html, html } from './html.ts'
import { isOwnHost } from './own-host.ts'
import { type Failure, failurePage, type Page, STYLE_PATH, sendPage, sendStyle } from './page.ts'
import { type Visit, visitOf } from './visit.ts'

/**
 * What a page's request is answered with: a page, a failure, another place (always 303, so that it is a GET; where it
 * leaves nothing, the browser forgets what it keeps of us), or what stands on a page as JSON, for whoever makes pages of
 * their own for the same session.
 */
export type Answer =
  | { readonly page: Page }
  | { readonly failure: Failure }
  | { readonly goTo: string; readonly leavesNothing?: boolean }
  | { readonly json: unknown; readonly status?: number }

/** Server-rendered pages for people, apart from the API: HTML instead of problems, forms instead of JSON. */
export interface Pages {
  /** A path of ours as a browser reaches it. */
  at(path: string): string
  get(path: string, show: (visit: Visit) => Promise<Answer>, settings?: PathSettings): void
  /**
   * What a form of ours sends. Before anything else it is looked at whether the form came from us, to this browser.
   *
   * @param about the same as at `formToken`
   */
  post(
    path: string,
    about: (fields: URLSearchParams) => string,
    take: (visit: Visit, fields: URLSearchParams) => Promise<Answer>,
    settings?: PathSettings,
  ): void
  /** Takes a form from anywhere as what it would be as a GET. Our cookies do not come with such a form, but with that GET. */
  postAsGet(path: string, settings?: PathSettings): void
  /** What stands in the hidden field of a form. @param about as there */
  tokenFor(visit: Visit, about: string): string
  /** The hidden field that each form needs. @param about which form, for what: other forms' tokens do not fit */
  formToken(visit: Visit, about: string): Html
}

/** What is special about a path. */
export interface PathSettings {
  /**
   * Whether an app may have opened it in a window and waits for that window. `Cross-Origin-Opener-Policy` would part the
   * two, on every response on the way, redirects as well.
   */
  readonly keepsOpener?: boolean
  /** Whether each GET keeps a row for a stranger, as the first step of a sign-in or a consent does: then they are bounded. */
  readonly begins?: boolean
  /** How long a form may be. Default: 16 KB. */
  readonly mostBytes?: number
  /** What somebody can do whose form is not of this browser and its session as they are now. Default: go to their account. */
  readonly wayOnFrom?: (fields: URLSearchParams) => Html
  /** Answers a form of ours that was shown before somebody signed in or out here; it must do nothing. Null: says so. */
  readonly onStale?: (visit: Visit, fields: URLSearchParams) => Promise<Answer | null>
}

export interface PagesParts {
  readonly publicUrl: string
  /** Where a page leads that has nothing else to offer. */
  readonly home: string
  /** Further names, in lower case, under which a proxy asks for the pages. */
  readonly hosts: readonly string[]
  readonly serverSecret: Secret
  readonly trustedProxies: IpRanges | null
  readonly clock: Clock
  readonly log: Logger
}

const MAX_FORM_BYTES = 16 * 1024
const FORM = 'application/x-www-form-urlencoded'
/** Some 7 kB are kept for each, for half an hour: this bounds what one network can fill. An office of thousands needs less. */
const BEGINNINGS = { most: 600, windowMs: 60_000 }

function tooManyBegun(retryAfterSeconds: number): Failure {
  return {
    status: 429,
    title: 'Too many at once',
    message:
      'Too many connections were begun from your network in the last minute. Please try again in a minute.',
    forDevelopers: html`<code>/oauth/authorize</code> and <code>/sign-in</code> take ${BEGINNINGS.most} requests a minute
      from one network.`,
    retryAfterSeconds,
  }
}

export async function openPages(server: FastifyInstance, parts: PagesParts): Promise<Pages> {
  const { publicUrl, hosts, serverSecret, trustedProxies, clock, log } = parts
  const { origin, host, hostname, pathname } = new URL(publicUrl)
  const names = new Set([hostname, ...hosts])
  const base = pathname.replace(/\/+$/, '')
  const at = (path: string) => base + path
  const home = html`<p><a href="${at(parts.home)}">Your account</a></p>`
  const key = deriveKey(serverSecret, 'form token')
  const cookies = cookiesFor(publicUrl)
  const beginnings = new NetworkTally(clock, BEGINNINGS)

  const answer = (reply: FastifyReply, given: Answer): FastifyReply => {
    if ('goTo' in given) {
      // "cookies" would take those of the whole registrable domain, and below a path "storage" is another site's too.
      if (given.leavesNothing === true && base === '') reply.header('clear-site-data', '"storage"')
      return reply.header('cache-control', 'no-store').redirect(given.goTo, 303)
    }
    if ('json' in given)
      return reply
        .code(given.status ?? 200)
        .headers({ 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' })
        .send(JSON.stringify(given.json))
    const page = 'page' in given ? given.page : failurePage(given.failure, reply.request.id, home)
    return sendPage(reply, page, base, host)
  }
  const visit = (request: FastifyRequest, reply: FastifyReply) =>
    visitOf(request, reply, clock.now(), cookies, trustedProxies)

  /** Paths that keep their opener. */
  const keepOpener = new Set<string>()
  const settle = (path: string, settings: PathSettings = {}) => {
    if (settings.keepsOpener === true) keepOpener.add(path)
  }

  // Forms are read in a scope of their own: the management API takes JSON and nothing else.
  let app = server
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      FORM,
      { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
      async (_: unknown, body: unknown) => new URLSearchParams(String(body)),
    )
    scope.setErrorHandler<FastifyError>((error, request, reply) => {
      const fault = problemOfThrown(error, request.id, log)
      const status = statusOf(fault)
      const [, title] = PROBLEMS[fault.code]
      const message = status >= 500 ? 'Please try again in a moment.' : 'Go back and try again.'
      return answer(reply, {
        failure: { status, title, message, forDevelopers: html`<code>${fault.code}</code>: ${fault.detail}` },
      })
    })
    scope.addHook('onRequest', async (request, reply) => {
      if (keepOpener.has(request.routeOptions.url ?? ''))
        reply.header('cross-origin-opener-policy', 'unsafe-none')
      if (!isOwnHost(request.headers.host, names)) return answer(reply, { failure: notOurHost(origin) })
    })
    app = scope
  })
  const schema = { hide: true }
  app.get(STYLE_PATH, { schema }, async (_, reply) => sendStyle(reply))

  return {
    at,
    get: (path, show, settings) => {
      settle(path, settings)
      app.get(path, { schema, exposeHeadRoute: false }, async (request, reply) => {
        const who = visit(request, reply)
        const wait = settings?.begins === true ? beginnings.count(who.ip) : null
        return answer(reply, wait === null ? await show(who) : { failure: tooManyBegun(wait) })
      })
      // A GET begins something that nobody would see of a HEAD: scanners of links send these, and leave nothing behind.
      app.head(path, { schema }, async (_, reply) =>
        reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(),
      )
    },
    postAsGet: (path, settings) => {
      settle(path, settings)
      app.post(path, { schema, bodyLimit: MAX_FORM_BYTES }, async (request, reply) => {
        const asked = new URL(request.url, origin).searchParams
        if (request.body instanceof URLSearchParams)
          for (const [name, value] of request.body) asked.append(name, value)
        return answer(reply, { goTo: `${at(path)}?${asked}` })
      })
    },
    post: (path, about, take, settings) => {
      settle(path, settings)
      app.post(path, { schema, bodyLimit: settings?.mostBytes ?? MAX_FORM_BYTES }, async (request, reply) => {
        const fields = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
        const who = visit(request, reply)
        const refuse = () => answer(reply, { failure: outOfDate(settings?.wayOnFrom?.(fields)) })
        if (isFromElsewhere(request.headers, origin)) return refuse()
        if (isFormToken(key, who, about(fields), fields.get(TOKEN_FIELD)))
          return answer(reply, await take(who, fields))
        const stale = (await settings?.onStale?.(who, fields)) ?? null
        return stale === null ? refuse() : answer(reply, stale)
      })
    },
    tokenFor: (who, about) => formToken(key, who, about),
    formToken: (who, about) =>
      html`<input type="hidden" name="${TOKEN_FIELD}" value="${formToken(key, who, about)}">`,
  }
}

function outOfDate(wayOn: Html | undefined): Failure {
  return wayOn === undefined ? NOT_OUR_FORM : { ...NOT_OUR_FORM, wayOn }
}

const NOT_OUR_FORM: Failure = {
  status: 403,
  title: 'This form is out of date',
  message: 'Nothing was done. Go back, reload the page, and send the form again.',
  forDevelopers: html`The form's <code>form_token</code> does not belong to this browser and its session as they are now,
    or another site sent the form. Cookies must be kept between showing a form and sending it.`,
}

/** RFC 9110, section 15.5.20. */
function notOurHost(origin: string): Failure {
  return {
    status: 421,
    title: 'This is not our address',
    message: html`Nothing was done. Go to <a href="${origin}">${origin}</a>.`,
    forDevelopers: html`The <code>Host</code> header names neither the host of <code>PUBLIC_URL</code> nor one of
      <code>DOORWARD_HOSTS</code>. Let the proxy pass it on as it came, or name the host that it sends there.`,
  }
}
