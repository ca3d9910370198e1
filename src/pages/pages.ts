import type { IpRanges, Secret } from '@doorward/sdk/kernel'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../base/clock.ts'
import { deriveKey } from '../base/derive.ts'
import { NetworkLimiter } from '../base/fixed-window-limiter.ts'
import type { Logger } from '../http/log.ts'
import { PROBLEMS, statusOf } from '../http/problem.ts'
import { problemOfThrown } from '../http/server.ts'
import type { BrandSource } from './brand.ts'
import { cookiesFor } from './cookies.ts'
import { CSRF_FIELD, csrfToken, isCrossSite, isCsrfToken } from './csrf-token.ts'
import { type Html, html } from './html.ts'
import { isOwnHost } from './own-host.ts'
import {
  type Failure,
  failurePage,
  PASSKEY_SCRIPT_PATH,
  type Page,
  STYLE_PATH,
  sendPage,
  sendPasskeyScript,
  sendStyle,
} from './page.ts'
import { RepeatedForms } from './repeated-forms.ts'
import { type Visit, visitOf } from './visit.ts'

/**
 * Response to a browser, which with `clearsStorage` also drops our storage: a page, a failure, a redirect (always 303, so that the browser follows with GET), or a page's content as JSON for pages of the provider's own.
 */
export type Answer =
  | { readonly page: Page; readonly clearsStorage?: boolean }
  | { readonly failure: Failure }
  | { readonly goTo: string; readonly clearsStorage?: boolean }
  | { readonly json: unknown; readonly status?: number }

/** Server-rendered pages for people, apart from the API: HTML instead of problems, forms instead of JSON. */
export interface Pages {
  /** Our path as a browser reaches it. */
  at(path: string): string
  get(path: string, show: (visit: Visit) => Promise<Answer>, settings?: PathSettings): void
  /**
   * Handles a form of ours, after the CSRF checks.
   *
   * @param purpose the same as for `csrfField`
   */
  post(
    path: string,
    purpose: (fields: URLSearchParams) => string,
    handle: (visit: Visit, fields: URLSearchParams) => Promise<Answer>,
    settings?: PathSettings,
  ): void
  /**
   * Redirects a form from another site to the same request as GET: `SameSite=Lax` keeps our cookies from the POST, not
   * from that GET.
   */
  postAsGet(path: string, settings?: PathSettings): void
  /** Opens the limit on the rows of one table that strangers cause: starts of sign-ins, of consents. */
  startLimit(): StartLimit
  /** The CSRF token of a form, for pages of the provider's own. */
  csrfToken(visit: Visit, purpose: string): string
  /** The hidden field that each form needs. @param purpose which form, for what: other forms' tokens do not match */
  csrfField(visit: Visit, purpose: string): Html
}

/** Limit per network on starts, each of which stores a row for a stranger. Count where the row is made. */
export interface StartLimit {
  /** Counts a start before it is stored. @returns the answer where there are too many, or null */
  refuse(visit: Visit): { readonly failure: Failure } | null
}

/** Options of a path. */
export interface PathSettings {
  /**
   * Set where an app may have opened the path in a popup and waits for that window: `Cross-Origin-Opener-Policy` would
   * cut the two apart, on redirects too.
   */
  readonly keepsOpener?: boolean
  /** Largest form. Default: 16 KB. */
  readonly maxFormBytes?: number
  /** The user's next step where the CSRF token does not match browser and session. Default: a link to `home`. */
  readonly wayOnFrom?: (fields: URLSearchParams) => Html
  /** Set where `handle` itself answers a form that is sent twice. Default: it gets the first answer (`RepeatedForms`). */
  readonly handlesRepeats?: boolean
  /** Answers a form that is out of date, shown before a sign-in or sign-out; must change nothing. Null: shows the failure. */
  readonly onStale?: (visit: Visit, fields: URLSearchParams) => Promise<Answer | null>
}

export interface PagesParts {
  readonly publicUrl: string
  /** Target of a page that has no other link. */
  readonly home: string
  /** Further host names, in lower case, that a proxy sends. */
  readonly hosts: readonly string[]
  readonly serverSecret: Secret
  readonly branding: BrandSource
  readonly trustedProxies: IpRanges | null
  readonly clock: Clock
  readonly log: Logger
}

const MAX_FORM_BYTES = 16 * 1024
/** The redirect carries it as a URL, which with the other headers may be 64 KB. */
const MAX_POST_AS_GET_BYTES = 40 * 1024
const FORM = 'application/x-www-form-urlencoded'
/** Each row takes some 7 kB for half an hour: this bounds what one network can fill. An office of thousands needs less. */
const STARTS = { most: 600, windowMs: 60_000 }

function tooManyStarts(retryAfterSeconds: number): Failure {
  return {
    status: 429,
    title: 'Too many at once',
    message: 'Your network has sent too many requests in the last minute. Please try again in a minute.',
    forDevelopers: html`One network can begin ${STARTS.most} sign-ins and ${STARTS.most} consents a minute.`,
    retryAfterSeconds,
  }
}

export async function openPages(server: FastifyInstance, parts: PagesParts): Promise<Pages> {
  const { publicUrl, hosts, serverSecret, branding, trustedProxies, clock, log } = parts
  const { origin, hostname, pathname } = new URL(publicUrl)
  const names = new Set([hostname, ...hosts])
  const base = pathname.replace(/\/+$/, '')
  const at = (path: string) => base + path
  const home = html`<p><a href="${at(parts.home)}">Sign in or sign out</a></p>`
  const key = deriveKey(serverSecret, 'form token')
  const cookies = cookiesFor(publicUrl)
  const repeated = new RepeatedForms(isRefusal)

  const answer = async (reply: FastifyReply, given: Answer): Promise<FastifyReply> => {
    if ('clearsStorage' in given && given.clearsStorage === true && base === '')
      // "cookies" would take those of the whole registrable domain, and below a path "storage" is another site's too.
      reply.header('clear-site-data', '"storage"')
    if ('goTo' in given) return reply.header('cache-control', 'no-store').redirect(given.goTo, 303)
    if ('json' in given)
      return reply
        .code(given.status ?? 200)
        .headers({ 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' })
        .send(JSON.stringify(given.json))
    const page = 'page' in given ? given.page : failurePage(given.failure, reply.request.id, home)
    return sendPage(reply, page, base, await branding.brand())
  }
  const visit = (request: FastifyRequest, reply: FastifyReply) =>
    visitOf(request, reply, clock.now(), cookies, trustedProxies)

  /** Paths with `keepsOpener`. */
  const keepOpener = new Set<string>()
  const register = (path: string, settings: PathSettings = {}) => {
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
      if (!isOwnHost(request.headers.host, names)) return answer(reply, { failure: misdirected(origin) })
    })
    app = scope
  })
  const schema = { hide: true }
  app.get(STYLE_PATH, { schema }, async (_, reply) => sendStyle(reply))
  app.get(PASSKEY_SCRIPT_PATH, { schema }, async (_, reply) => sendPasskeyScript(reply))

  return {
    at,
    get: (path, show, settings) => {
      register(path, settings)
      app.get(path, { schema, exposeHeadRoute: false }, async (request, reply) =>
        answer(reply, await show(visit(request, reply))),
      )
      // A GET may store a row. Link scanners send HEAD, which must store nothing.
      app.head(path, { schema }, async (_, reply) =>
        reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(),
      )
    },
    postAsGet: (path, settings) => {
      register(path, settings)
      app.post(path, { schema, bodyLimit: MAX_POST_AS_GET_BYTES }, async (request, reply) => {
        const asked = new URL(request.url, origin).searchParams
        if (request.body instanceof URLSearchParams)
          for (const [name, value] of request.body) asked.append(name, value)
        return answer(reply, { goTo: `${at(path)}?${asked}` })
      })
    },
    post: (path, purpose, handle, settings) => {
      register(path, settings)
      app.post(
        path,
        { schema, bodyLimit: settings?.maxFormBytes ?? MAX_FORM_BYTES },
        async (request, reply) => {
          const fields = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
          const who = visit(request, reply)
          const refuse = () => answer(reply, { failure: outOfDate(settings?.wayOnFrom?.(fields)) })
          if (isCrossSite(request.headers, origin)) return refuse()
          if (isCsrfToken(key, who, purpose(fields), fields.get(CSRF_FIELD))) {
            if (settings?.handlesRepeats !== true)
              return answer(reply, await repeated.answer(who, path, fields, (first) => handle(first, fields)))
            repeated.forget(who)
            return answer(reply, await handle(who, fields))
          }
          const stale = (await settings?.onStale?.(who, fields)) ?? null
          return stale === null ? refuse() : answer(reply, stale)
        },
      )
    },
    startLimit: () => {
      const starts = new NetworkLimiter(clock, STARTS)
      return {
        refuse: ({ ip }) => {
          const wait = starts.count(ip)
          return wait === null ? null : { failure: tooManyStarts(wait) }
        },
      }
    },
    csrfToken: (who, purpose) => csrfToken(key, who, purpose),
    csrfField: (who, purpose) =>
      html`<input type="hidden" name="${CSRF_FIELD}" value="${csrfToken(key, who, purpose)}">`,
  }
}

function isRefusal(answer: Answer): boolean {
  if ('failure' in answer) return true
  const status = 'page' in answer ? answer.page.status : 'json' in answer ? answer.status : undefined
  return (status ?? 200) >= 400
}

function outOfDate(wayOn: Html | undefined): Failure {
  return wayOn === undefined ? FORM_OUT_OF_DATE : { ...FORM_OUT_OF_DATE, wayOn }
}

const FORM_OUT_OF_DATE: Failure = {
  status: 403,
  title: 'This form is out of date',
  message: 'Nothing was changed. Go back, reload the page and send the form again.',
  forDevelopers: html`CSRF check failed: <code>csrf_token</code> does not match this browser and its session, or another site
    sent the form. Cookies must be kept between showing a form and sending it.`,
}

/** 421 Misdirected Request (RFC 9110 §15.5.20). */
function misdirected(origin: string): Failure {
  return {
    status: 421,
    title: 'This is not our address',
    message: html`Nothing was changed. Go to <a href="${origin}">${origin}</a>.`,
    forDevelopers: html`The <code>Host</code> header names neither the host of <code>PUBLIC_URL</code> nor one of
      <code>DOORWARD_HOSTS</code>. Let the proxy pass it on as it came, or name the host that it sends there.`,
  }
}
