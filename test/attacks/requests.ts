import { createHash, randomBytes } from 'node:crypto'
import { answerOf } from './browser.ts'
import type { Asked, AttackAnswer, AttackClient, Target } from './target.ts'

export const REDIRECT_URI = 'https://app.example.com/cb'
export const LOOPBACK_URI = 'http://127.0.0.1/cb'

export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** An authorization request, with default parameters. */
export function authorizePath(path: string, asked: Asked): string {
  const usual: Asked = {
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    code_challenge: pkce().challenge,
    code_challenge_method: 'S256',
  }
  const given = Object.entries({ ...usual, ...asked }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  )
  return `${path}?${new URLSearchParams(given)}`
}

/** Posts a form, as a client does. */
export async function post(
  target: Target,
  endpoint: 'token' | 'revoke' | 'introspect',
  form: Readonly<Record<string, string>> | [string, string][],
  client: AttackClient | null = target.clients.mine,
  {
    node = 0,
    headers = {},
    query = '',
  }: { node?: 0 | 1; headers?: Record<string, string>; query?: string } = {},
): Promise<AttackAnswer> {
  const fields = new URLSearchParams(form)
  const basic: Record<string, string> = {}
  if (client?.secret != null)
    basic.authorization = `Basic ${Buffer.from(`${encodeURIComponent(client.id)}:${encodeURIComponent(client.secret)}`).toString('base64')}`
  else if (client !== null) fields.set('client_id', client.id)
  return await answerOf(
    await fetch(target.nodes[node] + target.paths[endpoint] + query, {
      method: 'POST',
      body: fields,
      headers: { ...basic, ...headers },
      signal: AbortSignal.timeout(60_000),
    }),
  )
}

export interface FreshCode {
  readonly code: string
  readonly verifier: string
  readonly form: Readonly<Record<string, string>>
}

/** Obtains an unspent code in a new browser. */
export async function freshCode(
  target: Target,
  asked: Asked = {},
  client = target.clients.mine,
): Promise<FreshCode> {
  const { verifier, challenge } = pkce()
  const [read, write] = target.scopes
  const answer = await target.approve(target.browser(), {
    client_id: client.id,
    scope: `${read} ${write}`,
    code_challenge: challenge,
    ...asked,
  })
  const code = answer.location === null ? null : new URL(answer.location).searchParams.get('code')
  if (code === null)
    throw new Error(`no code: ${answer.status} ${answer.location} ${answer.text.slice(0, 500)}`)
  const redirect_uri = asked.redirect_uri ?? REDIRECT_URI
  return {
    code,
    verifier,
    form: { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri },
  }
}

export async function freshTokens(
  target: Target,
  asked: Asked = {},
  client = target.clients.mine,
): Promise<{ access: string; refresh: string }> {
  const { form } = await freshCode(target, asked, client)
  const { status, body, text } = await post(target, 'token', form, client)
  if (status !== 200) throw new Error(`no tokens: ${status} ${text}`)
  return { access: body.access_token, refresh: body.refresh_token }
}

export async function isActive(target: Target, token: string, node: 0 | 1 = 0): Promise<boolean> {
  const { body } = await post(target, 'introspect', { token }, target.clients.mine, { node })
  return body?.active === true
}

export function refreshForm(refresh: string) {
  return { grant_type: 'refresh_token', refresh_token: refresh }
}
