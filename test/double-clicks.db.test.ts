import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { insertIdentity } from '../src/staff/sso/staff-identity.store.ts'
import { type CookieJar, type Fields, type JarAnswer, openJar, withForm } from './cookie-jar.ts'
import { CLIENT, openIdentityProvider, type TestIdentityProvider } from './identity-provider.ts'
import {
  allow,
  arrive,
  authorizePath,
  EMAIL,
  type OAuthApp,
  openOAuthApp,
  pkce,
  REDIRECT_URI,
  ticked,
} from './oauth.ts'
import { postPathsOf } from './printed-routes.ts'
import { openForm, PASSWORD, signedInJar } from './sign-in.ts'
import { optionsOn, type SoftwarePasskey, softwarePasskey } from './software-passkey.ts'
import { staffHeaders } from './staff.ts'
import { codeAt, enrolApp, joinStaff, secretOn, sendPassword } from './staff-browser.ts'

const PUBLIC_URL = 'http://doorward.localhost'
const OWN = '/staff/factors'
const provider = await openIdentityProvider(`${PUBLIC_URL}/staff/sso/callback`)

/** A form that is ready to be sent, and where one click leads. */
interface ReadyForm {
  readonly jar: CookieJar
  readonly page: JarAnswer
  readonly fields: Fields
  /** Text of the page that follows, or beginning of another site's address. */
  readonly lands: RegExp | string
}

interface PostPage {
  readonly path: string
  readonly what?: string
  readonly ready: () => Promise<ReadyForm>
  /** Each answer has its own code, login challenge or `state`. */
  readonly differs?: true
  /** Page that is open to all, to which a browser without a session is led. Default: the form is refused. */
  readonly toStranger?: string
}

/** POST paths that no page of ours sends: requests of programs, and a GET that came as POST. */
const FOR_PROGRAMS = /^\/(v1\/|oauth\/(token|revoke|introspect|authorize|register)$)/

describe('a form that is sent twice', {
  skip: provider === null && 'NO OPENSSL to make a certificate with',
}, () => {
  const { issuer, fetch: providerFetch, close } = provider as TestIdentityProvider
  let oauth: OAuthApp
  let people = 0
  before(async () => {
    oauth = await openOAuthApp({ publicUrl: PUBLIC_URL, providerFetch })
    const admin = await joinStaff(oauth.app, oauth.origin, 'administrator', 'ann@staff.example')
    const headers = staffHeaders(admin.jar.cookies.get('doorward-staff') ?? '')
    const set = { issuer, ...CLIENT, domains: ['staff.example'] }
    const { status, text } = await oauth.app.call('PUT', '/v1/single-sign-on', set, { as: null, headers })
    assert.equal(status, 200, text)
  })
  after(async () => {
    await oauth.close()
    close()
  })

  const newJar = () => openJar(oauth.origin, PUBLIC_URL)
  const copyOf = (jar: CookieJar) => {
    const copy = newJar()
    for (const [name, value] of jar.cookies) copy.cookies.set(name, value)
    return copy
  }
  const join = async () => {
    const email = `staff-${++people}@other.example`
    return await joinStaff(oauth.app, oauth.origin, 'viewer', email)
  }
  const nextCode = (secret: string) => {
    oauth.app.clock.advance({ seconds: 30 })
    return codeAt(secret, oauth.app.clock.now())
  }
  const withApp = async () => {
    const member = await join()
    return { ...member, ...(await enrolApp(oauth.app, member.jar)) }
  }
  const withPasskey = async () => {
    const member = await join()
    const passkey = softwarePasskey(PUBLIC_URL)
    const page = await member.jar.get(`${OWN}/passkey`)
    await member.jar.submit(page, { credential: passkey.create(optionsOn(page) as never), name: 'My laptop' })
    return { ...member, passkey }
  }
  const answerOf = (passkey: SoftwarePasskey, page: JarAnswer) => ({
    credential: passkey.get(optionsOn(page) as never),
  })
  const consent = (decision: string, lands: ReadyForm['lands']) => async (): Promise<ReadyForm> => {
    const client = await oauth.app.clientFor(null)
    const jar = newJar()
    const asked = { client_id: client.client_id, code_challenge: pkce().challenge, prompt: 'consent' }
    const page = await arrive(jar, authorizePath(asked))
    return { jar, page, fields: [...ticked(page), ['decision', decision]], lands }
  }
  const ownFactor =
    (path: string, fields: Record<string, string>, lands: RegExp) => async (): Promise<ReadyForm> => {
      const { jar } = await withApp()
      return { jar, page: withForm(await jar.get(OWN), `${OWN}/${path}`), fields, lands }
    }

  const POST_PAGES: readonly PostPage[] = [
    {
      path: '/sign-in',
      ready: async () => {
        const jar = newJar()
        const fields = { email: EMAIL, password: PASSWORD }
        return { jar, page: await openForm(jar), fields, lands: /You are signed in/ }
      },
    },
    {
      ...{ path: '/sign-out', toStranger: '/signed-out' },
      ready: async () => {
        const jar = await signedInJar(oauth.origin, EMAIL)
        return {
          jar,
          page: withForm(await jar.get('/sign-in'), '/sign-out'),
          fields: {},
          lands: /You are signed out/,
        }
      },
    },
    {
      path: '/set-password',
      ready: async () => {
        const user = { email: `user-${++people}@example.com`, name: 'Bo' }
        const { body } = await oauth.app.call('POST', '/v1/users', user)
        const jar = newJar()
        const page = await jar.get(body.password_link.url.slice(PUBLIC_URL.length))
        return { jar, page, fields: { password: PASSWORD }, lands: /Your password is set/ }
      },
    },
    {
      path: '/oauth/consent',
      what: 'Allow',
      differs: true,
      ready: consent('allow', `${REDIRECT_URI}?code=`),
    },
    { path: '/oauth/consent', what: 'Deny', ready: consent('deny', `${REDIRECT_URI}?error=access_denied`) },
    {
      path: '/oauth/consent',
      what: 'another user',
      ...{ differs: true, toStranger: '/oauth/consent' },
      ready: consent('somebody_else', /name="password"/),
    },
    {
      path: '/connected-apps',
      ready: async () => {
        const jar = newJar()
        const { client_id } = await oauth.app.clientFor(null)
        const page = await arrive(jar, authorizePath({ client_id, code_challenge: pkce().challenge }))
        await allow(jar, page)
        const { body } = await oauth.app.call('GET', `/v1/grants?client_id=${client_id}`)
        const shown = await jar.get(`/connected-apps?app=${body.data[0].id}`)
        return { jar, page: shown, fields: { decision: 'remove' }, lands: /Connected apps/i }
      },
    },
    {
      path: '/staff/sign-in',
      ready: async () => {
        const { email } = await join()
        const jar = newJar()
        const page = withForm(await jar.get(`/staff/sign-in?return_to=${OWN}`), '/staff/sign-in')
        return { jar, page, fields: { email, password: PASSWORD }, lands: /Your second factors/ }
      },
    },
    {
      path: '/staff/sign-in',
      what: 'with a second factor',
      ready: async () => {
        const { email } = await withApp()
        const jar = newJar()
        const page = withForm(await jar.get(`/staff/sign-in?return_to=${OWN}`), '/staff/sign-in')
        return { jar, page, fields: { email, password: PASSWORD }, lands: /Six digits/ }
      },
    },
    {
      path: '/staff/sign-out',
      ready: async () => {
        const { jar } = await join()
        const page = await jar.get('/staff/signed-out')
        return { jar, page: withForm(page, '/staff/sign-out'), fields: {}, lands: /You are signed out/ }
      },
    },
    {
      path: '/staff/welcome',
      ready: async () => {
        const invited = { email: `new-${++people}@other.example`, role: 'viewer' }
        const { body } = await oauth.app.call('POST', '/v1/staff-invitations', invited)
        const jar = newJar()
        const page = withForm(await jar.get(body.url.slice(PUBLIC_URL.length)), '/staff/welcome')
        return { jar, page, fields: { name: 'Bo', password: PASSWORD }, lands: /^/ }
      },
    },
    {
      path: '/staff/second-factor',
      ready: async () => {
        const { email, secret } = await withApp()
        const { jar } = await sendPassword(oauth.origin, email, OWN)
        const fields = { code: nextCode(secret) }
        return { jar, page: await jar.get('/staff/second-factor'), fields, lands: /Your second factors/ }
      },
    },
    {
      path: '/staff/second-factor',
      what: 'a recovery code',
      ready: async () => {
        const { email, codes } = await withApp()
        const { jar } = await sendPassword(oauth.origin, email, OWN)
        const page = await jar.get('/staff/second-factor?with=recovery')
        return { jar, page, fields: { code: codes[0] ?? '' }, lands: /Your second factors/ }
      },
    },
    {
      path: '/staff/passkey',
      ready: async () => {
        const { passkey } = await withPasskey()
        const jar = newJar()
        const page = await jar.get(`/staff/passkey?return_to=${OWN}`)
        return { jar, page, fields: answerOf(passkey, page), lands: /Your second factors/ }
      },
    },
    {
      path: '/staff/confirm',
      ready: async () => {
        const { jar } = await join()
        const page = await jar.get(`/staff/confirm?return_to=${OWN}`)
        return { jar, page, fields: { password: PASSWORD }, lands: /Your second factors/ }
      },
    },
    {
      path: '/staff/confirm/code',
      ready: async () => {
        const { jar, secret } = await withApp()
        const fields = { code: nextCode(secret) }
        return {
          jar,
          page: await jar.get(`/staff/confirm/code?return_to=${OWN}`),
          fields,
          lands: /Your second factors/,
        }
      },
    },
    {
      path: '/staff/confirm/passkey',
      ready: async () => {
        const { jar, passkey } = await withPasskey()
        const page = await jar.get(`/staff/confirm/passkey?return_to=${OWN}`)
        return { jar, page, fields: answerOf(passkey, page), lands: /Your second factors/ }
      },
    },
    {
      path: `${OWN}/app`,
      ready: async () => {
        const { jar } = await join()
        const page = await jar.get(`${OWN}/app`)
        const fields = { code: codeAt(secretOn(page), oauth.app.clock.now()), name: 'My phone' }
        return { jar, page, fields, lands: /Your recovery codes/ }
      },
    },
    {
      path: `${OWN}/passkey`,
      ready: async () => {
        const { jar } = await join()
        const page = await jar.get(`${OWN}/passkey`)
        const credential = softwarePasskey(PUBLIC_URL).create(optionsOn(page) as never)
        return { jar, page, fields: { credential, name: 'My laptop' }, lands: /Your recovery codes/ }
      },
    },
    { path: `${OWN}/rename`, ready: ownFactor('rename', { name: 'Phone' }, /Phone/) },
    { path: `${OWN}/remove`, ready: ownFactor('remove', {}, /Your second factors/) },
    { path: `${OWN}/recovery-codes`, ready: ownFactor('recovery-codes', {}, /Your recovery codes/) },
    {
      ...{ path: '/staff/sso', differs: true },
      ready: async () => {
        const jar = newJar()
        return {
          jar,
          page: withForm(await jar.get('/staff/sign-in'), '/staff/sso'),
          fields: {},
          lands: issuer,
        }
      },
    },
    {
      ...{ path: '/staff/sso/accept', differs: true },
      ready: async () => {
        const invited = { email: `new-${++people}@other.example`, role: 'viewer' }
        const { body } = await oauth.app.call('POST', '/v1/staff-invitations', invited)
        const jar = newJar()
        return {
          jar,
          page: withForm(await jar.get(body.url.slice(PUBLIC_URL.length)), '/staff/sso/accept'),
          fields: {},
          lands: issuer,
        }
      },
    },
    {
      ...{ path: '/staff/sso/connect', differs: true },
      ready: async () => {
        const { jar } = await join()
        return {
          jar,
          page: withForm(await jar.get('/staff/sso'), '/staff/sso/connect'),
          fields: {},
          lands: issuer,
        }
      },
    },
    {
      ...{ path: '/staff/sso/confirm', differs: true },
      ready: async () => {
        const { jar, id } = await join()
        const { app } = oauth
        const identity = { issuer, subject: `sub-${people}` }
        await app.db.transaction().execute((tx) => insertIdentity(tx, identity, id, app.clock.now()))
        return { jar, page: await jar.get(`/staff/sso/confirm?return_to=${OWN}`), fields: {}, lands: issuer }
      },
    },
  ]

  /** Two clicks, and the cookies that the browser keeps: Chromium drops those of an answer that a later click replaced. */
  const CLICKS: readonly [when: string, click: (form: ReadyForm) => Promise<[JarAnswer, JarAnswer]>][] = [
    [
      'at once',
      ({ jar, page, fields }) => Promise.all([copyOf(jar).submit(page, fields), jar.submit(page, fields)]),
    ],
    [
      '0.3 s later, where the first answer was dropped',
      async ({ jar, page, fields }) => {
        const first = await copyOf(jar).submit(page, fields)
        oauth.app.clock.advance({ ms: 300 })
        return [first, await jar.submit(page, fields)]
      },
    ],
    [
      '0.3 s later, where the first answer was followed',
      async ({ jar, page, fields }) => {
        const first = await jar.submit(page, fields)
        oauth.app.clock.advance({ ms: 300 })
        return [first, await jar.submit(page, fields)]
      },
    ],
  ]

  const refusedAttempts = async () =>
    await Promise.all(
      ['/v1/audit-events?result=refused', '/v1/refused-attempts'].map(
        async (path) => (await oauth.app.call('GET', path)).body.data,
      ),
    )

  it('CON-20: has a row here for every path that takes a form of ours', () => {
    const found = postPathsOf(oauth.app.app.printRoutes({ commonPrefix: false }))
    const paths = found.filter((path) => !FOR_PROGRAMS.test(path))
    assert.deepEqual([...new Set(POST_PAGES.map(({ path }) => path))].sort(), paths.sort())
  })

  for (const { path, what, ready, differs, toStranger = null } of POST_PAGES)
    it(`CON-20 CON-07: ${path}${what === undefined ? '' : `, ${what}`}: the second click leads where the first one led`, async () => {
      for (const [when, click] of CLICKS) {
        const form = await ready()
        const refused = await refusedAttempts()
        const stranger = newJar()
        await stranger.get('/staff/sign-in')
        const [first, second] = await click(form)
        const why = `${when}: ${first.status} ${first.location}, then ${second.status} ${second.location} ${second.text}`
        assert.ok(first.status < 400 && second.status < 400, why)
        if (differs !== true) {
          const shown = ({ status, location, text }: JarAnswer) => [
            status,
            location,
            /<main.*<\/main>/s.exec(text)?.[0],
          ]
          assert.deepEqual(shown(second), shown(first), why)
        }
        const end = await form.jar.follow(second)
        if (typeof form.lands === 'string')
          assert.ok(end.location?.startsWith(form.lands), `${when}: ${end.location}`)
        else assert.match(end.text, form.lands, `${when}: ${end.path} ${end.status}`)
        assert.deepEqual(await refusedAttempts(), refused, `${when}: a refused attempt`)

        // The same form from another browser.
        const before = [...stranger.cookies]
        const stolen = await stranger.submit(form.page, form.fields)
        assert.deepEqual(
          [[...stranger.cookies], stolen.location?.split('?')[0] ?? null],
          [before, toStranger],
        )
      }
    })
})
