import { Secret, TOTP } from 'otpauth'
import type { RoleName } from '../src/staff/role.ts'
import type { TestApp } from './app.ts'
import { type CookieJar, type JarAnswer, openJar, withForm } from './cookie-jar.ts'
import { PASSWORD } from './sign-in.ts'

/** A staff member with a browser in which the member is signed in. */
export interface StaffBrowser {
  readonly id: string
  readonly email: string
  readonly jar: CookieJar
}

/** Invites a member, who accepts in a new browser and so is signed in. The password is that of the users in tests. */
export async function joinStaff(
  app: TestApp,
  origin: string,
  role: RoleName,
  email: string,
): Promise<StaffBrowser> {
  const { body: invitation } = await app.call('POST', '/v1/staff-invitations', { email, role })
  const { pathname, search } = new URL(invitation.url)
  const jar = openJar(origin)
  const done = await jar.submit(withForm(await jar.get(pathname + search), '/staff/welcome'), {
    name: `A ${role}`,
    password: PASSWORD,
  })
  if (done.status !== 303)
    throw new Error(
      `${done.status} ${app
        .log()
        .split('\n')
        .findLast((line) => line.includes('internal error'))}`,
    )
  const { id } = await app.db
    .selectFrom('staff')
    .select('id')
    .where('email', '=', email)
    .executeTakeFirstOrThrow()
  return { id, email, jar }
}

/** Sends the password in a new browser: a session, or the second step. */
export async function sendPassword(
  origin: string,
  email: string,
  returnTo = '/dashboard',
): Promise<{ jar: CookieJar; answer: JarAnswer }> {
  const jar = openJar(origin)
  const shown = await jar.get(`/staff/sign-in?return_to=${encodeURIComponent(returnTo)}`)
  const page = withForm(shown, '/staff/sign-in')
  return { jar, answer: await jar.submit(page, { email, password: PASSWORD }) }
}

/** Signs in with the password and a code in a new browser. */
export async function sendCode(
  origin: string,
  email: string,
  code: string,
  kind?: 'recovery_code',
): Promise<{ jar: CookieJar; done: JarAnswer }> {
  const { jar, answer } = await sendPassword(origin, email)
  if (answer.location !== '/staff/second-factor') throw new Error(`no second step: ${answer.location}`)
  const page = await jar.get(`/staff/second-factor${kind === undefined ? '' : '?with=recovery'}`)
  return { jar, done: await jar.submit(page, { code }) }
}

/** The code that an app with this secret shows at a moment. */
export function codeAt(secret: string, at: Date): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: at.getTime() })
}

/** Enrols an authenticator app. @returns its secret, and the page that follows, with the recovery codes of a first factor */
export async function enrolApp(
  app: TestApp,
  jar: CookieJar,
): Promise<{ secret: string; page: JarAnswer; codes: string[] }> {
  const shown = await jar.get('/staff/factors/app')
  const secret = secretOn(shown)
  const page = await jar.submit(shown, { code: codeAt(secret, app.clock.now()), name: 'My phone' })
  return { secret, page, codes: codesOn(page) }
}

/** The text secret on the page that enrols an app. */
export function secretOn({ text, status }: JarAnswer): string {
  const found = /<code>([A-Z2-7 ]+)<\/code>/.exec(text)?.[1]
  if (found === undefined) throw new Error(`no secret on the page: ${status} ${text}`)
  return found.replaceAll(' ', '')
}

/** The recovery codes on a page. */
export function codesOn({ text }: JarAnswer): string[] {
  return [...text.matchAll(/<li><code>([a-z2-7-]{19})<\/code>/g)].map(([, code = '']) => code)
}
