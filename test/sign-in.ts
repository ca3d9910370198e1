import type { Settings } from '../src/app.ts'
import { openTestApp, type TestApp } from './app.ts'
import { type CookieJar, type JarAnswer, openJar } from './cookie-jar.ts'

export const PASSWORD = 'two brown owls tap'

/** Opens an app that listens, so that cookies go over real HTTP. */
export async function openListening(
  settings: Partial<Settings> = {},
  port = 0,
  more: Parameters<typeof openTestApp>[1] = {},
): Promise<{ app: TestApp; origin: string }> {
  const app = await openTestApp(settings, more)
  const origin = await app.app.listen({ port, host: '127.0.0.1' })
  return { app, origin }
}

/** Creates a user with the password above and some owners. */
export async function makeUser(
  app: TestApp,
  email: string,
  ownerIds: readonly string[] = [],
): Promise<string> {
  const { body, text } = await app.call('POST', '/v1/users', {
    email,
    name: 'Ann Archer',
    password: PASSWORD,
  })
  if (body.id === undefined) throw new Error(text)
  for (const ownerId of ownerIds) await app.call('PUT', `/v1/owners/${ownerId}/members/${body.id}`)
  return body.id
}

/** Opens `/sign-in` in a new browser: the form. */
export async function openForm(jar: CookieJar): Promise<JarAnswer> {
  return await jar.follow(await jar.get('/sign-in'))
}

/** Opens a browser with a signed-in user. */
export async function signedInJar(origin: string, email: string): Promise<CookieJar> {
  const jar = openJar(origin)
  const done = await jar.submit(await openForm(jar), { email, password: PASSWORD })
  if (done.status !== 303) throw new Error(`${done.status} ${done.text}`)
  return jar
}

/** Returns true if a user is signed in in a browser. */
export async function isSignedIn(jar: CookieJar): Promise<boolean> {
  const answer = await jar.get('/sign-in')
  return answer.status === 200 && answer.text.includes('You are signed in')
}
