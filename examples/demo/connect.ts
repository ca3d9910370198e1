import { createHash, randomBytes } from 'node:crypto'
import type { DemoApp } from './apps.ts'
import type { ClockedServer } from './clocked-server.ts'
import type { Person } from './people.ts'
import { chosenOn, Visitor } from './visitor.ts'

/** Answer of a user to a consent question. */
export type Reply = 'allow' | 'deny'

/** Goes through sign-in and consent as a person with a browser, and redeems the code as the app. */
export async function connect(
  server: ClockedServer,
  person: Person,
  app: DemoApp,
  reply: Reply,
): Promise<void> {
  const browser = new Visitor(server, person.ip)
  const verifier = randomBytes(32).toString('base64url')
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: app.clientId,
    redirect_uri: app.redirectUri,
    scope: app.scopes.join(' '),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(app.resource === null ? {} : { resource: app.resource }),
  })
  let page = await browser.open(`/oauth/authorize?${asked}`)
  if (page.text.includes('name="password"'))
    page = await browser.submit(page, [
      ['email', person.email],
      ['password', person.password],
    ])
  const done =
    page.location === null ? await browser.submit(page, [...chosenOn(page), ['decision', reply]]) : page
  const code = new URL(done.location ?? server.publicUrl).searchParams.get('code')
  if (code !== null) await redeem(server, app, { code, verifier })
  else if (reply === 'allow') throw new Error(`${app.clientId} got no code: ${done.status} ${done.text}`)
}

async function redeem(
  server: ClockedServer,
  { clientId, secret, redirectUri }: DemoApp,
  { code, verifier }: { code: string; verifier: string },
): Promise<void> {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: redirectUri,
    ...(secret === null ? { client_id: clientId } : {}),
  })
  await postForm(server, '/oauth/token', form, secret === null ? null : `${clientId}:${secret}`)
}

/** Posts a form as an app does; `basic`: its id and secret. */
export async function postForm(
  server: ClockedServer,
  path: string,
  form: URLSearchParams,
  basic: string | null,
): Promise<void> {
  await server.send({
    method: 'POST',
    path,
    ip: '198.51.100.20',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(basic === null ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
    },
    body: form.toString(),
  })
}
