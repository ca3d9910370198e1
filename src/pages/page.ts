import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FastifyReply } from 'fastify'
import type { Brand } from './brand.ts'
import { type Html, html } from './html.ts'

/** A page for people: rendered on the server, without scripts. */
export interface Page {
  /** Default 200. */
  readonly status?: number
  /** Heading and tab title. Never contains a secret or personal data. */
  readonly title: string
  /** A line under the heading. */
  readonly lead?: Html | string
  readonly body: Html
  /**
   * Set where a form's response may redirect to an app or to the external login. Such a page has no `form-action` in its
   * CSP: Chromium applies it to every redirect after a form post, and an app's callback may redirect anywhere (ADR 0014).
   */
  readonly leadsAway?: boolean
  /** True for a page that asks for a passkey: it has our one script. No other page can run any. */
  readonly asksForPasskey?: boolean
  readonly retryAfterSeconds?: number
}

/** A failure page: what happened, for the user; what to fix, for the app's developer. */
export interface Failure {
  readonly status: number
  readonly title: string
  readonly message: Html | string
  readonly forDevelopers: Html | string
  /** The user's next step: links or a form. Default: a link to the home page. */
  readonly wayOn?: Html
  readonly leadsAway?: boolean
  readonly retryAfterSeconds?: number
}

const STYLE = ['./tokens.css', './page.css', './page-apps.css']
  .map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'))
  .join('\n')
/** Content-addressed, so that caches may keep it forever. */
export const STYLE_PATH = `/assets/page-${createHash('sha256').update(STYLE).digest('hex').slice(0, 12)}.css`

const PASSKEY_SCRIPT = readFileSync(new URL('./passkey.js', import.meta.url), 'utf8')
export const PASSKEY_SCRIPT_PATH = `/assets/passkey-${createHash('sha256').update(PASSKEY_SCRIPT).digest('hex').slice(0, 12)}.js`

export function sendPasskeyScript(reply: FastifyReply): FastifyReply {
  return reply
    .type('text/javascript; charset=utf-8')
    .header('cache-control', 'public, max-age=31536000, immutable')
    .send(PASSKEY_SCRIPT)
}

export function sendStyle(reply: FastifyReply): FastifyReply {
  return reply
    .type('text/css; charset=utf-8')
    .header('cache-control', 'public, max-age=31536000, immutable')
    .send(STYLE)
}

export function failurePage(
  { status, title, message, forDevelopers, wayOn, ...more }: Failure,
  requestId: string,
  home: Html,
): Page {
  return {
    status,
    title,
    lead: message,
    body: html`${wayOn ?? home}<details class="developers">
        <summary>For developers</summary>
        <p>${forDevelopers}</p>
        <p>Request <code>${requestId}</code></p>
      </details>`,
    ...more,
  }
}

/**
 * Sends a page with its CSP. No script can run (`default-src 'none'`), save ours where the page asks for a passkey; no site can frame the page: clickjacking
 * (`frame-ancestors 'none'`).
 *
 * @param base path prefix where a proxy serves us below one
 */
export function sendPage(reply: FastifyReply, page: Page, base: string, brand: Brand): FastifyReply {
  const formAction = page.leadsAway === true ? '' : "form-action 'self'; "
  const scripts =
    page.asksForPasskey === true
      ? "script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'; "
      : ''
  if (page.retryAfterSeconds !== undefined) reply.header('retry-after', String(page.retryAfterSeconds))
  return reply
    .code(page.status ?? 200)
    .type('text/html; charset=utf-8')
    .headers({
      'cache-control': 'no-store',
      'content-security-policy':
        `default-src 'none'; style-src 'self'; img-src 'self' data:; ${scripts}${formAction}` +
        "frame-ancestors 'none'; base-uri 'none'",
    })
    .send(layout(page, base, brand).text)
}

function layout({ title, lead, body, asksForPasskey }: Page, base: string, brand: Brand): Html {
  const { name, isNamed, logo, stylePath, links } = brand
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · ${name}</title>
<link rel="icon" href="${iconOf(brand, base)}">
<link rel="stylesheet" href="${base}${STYLE_PATH}">${
    stylePath !== null &&
    html`
<link rel="stylesheet" href="${base}${stylePath}">`
  }${
    asksForPasskey === true &&
    html`
<script src="${base}${PASSKEY_SCRIPT_PATH}" defer></script>`
  }
</head>
<body>
<header>${logo === null ? !isNamed && MARK : logoOf(logo, base)}<span>${name}</span></header>
<main>
<h1>${title}</h1>
${lead === undefined ? null : html`<p class="lead">${lead}</p>`}
${body}
</main>
${
  links.length > 0 &&
  html`<nav class="links">${links.map(({ words, url }) => html`<a href="${url}" rel="noopener noreferrer">${words}</a> `)}</nav>`
}
</body>
</html>
`
}

/** The name beside it says what it shows. */
function logoOf({ path, width, height }: NonNullable<Brand['logo']>, base: string): Html {
  return html`<img class="logo" src="${base}${path}" width="${width}" height="${height}" alt="">`
}

/** A provider with a name of its own does not show ours. */
function iconOf({ isNamed, logo }: Brand, base: string): string {
  if (logo !== null) return base + logo.path
  return isNamed ? 'data:,' : `data:image/svg+xml,${encodeURIComponent(ICON.text)}`
}

/** Our own mark: a half-open door. */
const MARK = html`<svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true"><path class="frame" d="M7 28V8a4 4 0 0 1 4-4h10a4 4 0 0 1 4 4v20"/><path class="leaf" d="M11 28V9.6c0-.8.6-1.5 1.4-1.6l6.4-1.2c.6-.1 1.2.4 1.2 1V28z"/><circle class="knob" cx="17.2" cy="18" r="1.4"/></svg>`
const ICON = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M7 28V8a4 4 0 0 1 4-4h10a4 4 0 0 1 4 4v20" fill="none" stroke="#0d7a6f" stroke-width="2.4" stroke-linecap="round"/><path d="M11 28V9.6c0-.8.6-1.5 1.4-1.6l6.4-1.2c.6-.1 1.2.4 1.2 1V28z" fill="#0d7a6f"/></svg>`
