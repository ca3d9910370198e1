import { createHash, randomBytes } from 'node:crypto'
import type { Settings } from '../src/app.ts'
import type { FetchDocument } from '../src/outbound/guarded-fetch.ts'
import type { ProviderFetch } from '../src/outbound/provider-fetch.ts'
import type { TestApp, TestClient } from './app.ts'
import { type CookieJar, type Fields, type JarAnswer, openJar } from './cookie-jar.ts'
import { makeUser, openListening, PASSWORD } from './sign-in.ts'

export const REDIRECT_URI = 'https://app.example.com/cb'
export const EMAIL = 'ann@example.com'

/** A listening app, a user of two owners (or of those that are named), and the steps of an OAuth client. */
export interface OAuthApp {
  readonly app: TestApp
  readonly origin: string
  readonly userId: string
  readonly jar: CookieJar
  close(): Promise<void>
}

export async function openOAuthApp({
  owners = ['org_1'],
  port = 0,
  fetchDocument,
  providerFetch,
  ...settings
}: Partial<Settings> & {
  owners?: readonly string[]
  port?: number
  fetchDocument?: FetchDocument
  providerFetch?: ProviderFetch
} = {}): Promise<OAuthApp> {
  const { app, origin } = await openListening(settings, port, { fetchDocument, providerFetch })
  const userId = await makeUser(app, EMAIL, owners)
  return { app, origin, userId, jar: openJar(origin), close: () => app.close() }
}

/** A PKCE pair. */
export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** The path of an authorization request; undefined parameters are left out. */
export function authorizePath(asked: Readonly<Record<string, string | undefined>>): string {
  const usual = { response_type: 'code', redirect_uri: REDIRECT_URI, code_challenge_method: 'S256' }
  const given = Object.entries({ ...usual, ...asked }).filter(([, value]) => value !== undefined)
  return `/oauth/authorize?${new URLSearchParams(given as [string, string][])}`
}

/** Opens one of our paths, signs in if asked, and stops at a page or at a redirect to another origin. */
export async function arrive(jar: CookieJar, path: string, email = EMAIL): Promise<JarAnswer> {
  const first = await jar.follow(await jar.get(path))
  if (!first.text.includes('name="password"')) return first
  return await jar.follow(await jar.submit(first, { email, password: PASSWORD }))
}

/** The boxes that a consent page ticks by default, and the workspace that it selects. */
export function ticked(page: JarAnswer): [string, string][] {
  const found = page.text.matchAll(
    /<input type="(?:checkbox|radio)" name="([^"]+)" value="([^"]*)"[^>]* checked>/g,
  )
  return [...found].map(([, name = '', value = '']) => [name, value])
}

/** Allows on a consent page with its default fields, or others; stops at a redirect to another origin. */
export async function allow(jar: CookieJar, page: JarAnswer, fields: Fields = ticked(page)): Promise<URL> {
  const list = Array.isArray(fields) ? fields : Object.entries(fields)
  const done = await jar.submit(page, [...list, ['decision', 'allow']])
  if (done.status !== 303 || done.location === null) throw new Error(`${done.status} ${done.text}`)
  return new URL(done.location)
}

/** From the request to the code: signs in, consents, and returns the URL that the browser is sent to. */
export async function connect(
  jar: CookieJar,
  asked: Readonly<Record<string, string | undefined>>,
  email = EMAIL,
): Promise<URL> {
  const page = await arrive(jar, authorizePath(asked), email)
  if (page.location !== null) return new URL(page.location)
  return await allow(jar, page)
}

/** Redeems the code in the browser's redirect. @returns the response of the token endpoint */
export async function redeem(
  origin: string,
  { client_id, client_secret }: TestClient,
  back: URL,
  verifier: string,
): Promise<TokenAnswer['body']> {
  const code = back.searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, code_verifier: verifier }
  const { body } = await post(origin, '/oauth/token', form, { basic: [client_id, client_secret] })
  return body
}

export interface TokenAnswer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers field by field, and fail where one is missing
  readonly body: any
}

/** Posts a form, as a client does; with Basic if a secret is named. */
export async function post(
  origin: string,
  path: string,
  form: Readonly<Record<string, string>> | [string, string][] | string,
  {
    basic,
    headers = {},
  }: { basic?: readonly [id: string, secret: string]; headers?: Record<string, string> } = {},
): Promise<TokenAnswer> {
  const authorization =
    basic === undefined ? {} : { authorization: `Basic ${Buffer.from(basic.join(':')).toString('base64')}` }
  const answer = await fetch(origin + path, {
    method: 'POST',
    body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...authorization, ...headers },
    signal: AbortSignal.timeout(60_000),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text === '' ? null : JSON.parse(text) }
}
