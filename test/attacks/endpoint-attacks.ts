import { type Attack, broken, held, unless } from './attack.ts'
import { answerOf } from './browser.ts'
import { authorizePath, freshCode, freshTokens, isActive, pkce, post, refreshForm } from './requests.ts'

/** More wrong secrets than any limit on guessing allows. */
const GUESSES = 40

/** Attacks on the endpoints for programs, beside codes and refresh tokens. */
export const ENDPOINT_ATTACKS: readonly Attack[] = [
  {
    guarantees: 'TOK-07',
    what: 'A spent code by another client, and with another verifier: what it yielded lives on',
    run: async (target) => {
      const { form } = await freshCode(target)
      const first = await post(target, 'token', form)
      await post(target, 'token', form, target.clients.other)
      if (!(await isActive(target, first.body.access_token))) return broken('another client ended it')
      await post(target, 'token', { ...form, code_verifier: pkce().verifier })
      return unless(
        (await isActive(target, first.body.access_token)) ? null : 'who has not the verifier ended it',
      )
    },
  },
  {
    guarantees: 'TOK-12',
    what: 'Basic in lower case, from a client that encodes its id and secret',
    run: async (target) => {
      const { id, secret } = target.clients.machine
      const encoded = [id, secret ?? ''].map((part) => encodeURIComponent(part).replaceAll('-', '%2D'))
      const authorization = `basic ${Buffer.from(encoded.join(':')).toString('base64')}`
      const { status, body } = await post(target, 'token', { grant_type: 'client_credentials' }, null, {
        headers: { authorization },
      })
      return unless(status === 401 ? `the right secret is refused (${body?.error})` : null)
    },
  },
  {
    guarantees: 'TOK-13 TOK-14',
    what: 'Grants that a client does not have, or that nobody should: client_credentials, password, implicit',
    run: async (target) => {
      const asPublic = await post(
        target,
        'token',
        { grant_type: 'client_credentials', scope: target.scopes[0] },
        target.clients.native,
      )
      if (asPublic.status === 200) return broken('a public client acts for itself')
      const asOther = await post(target, 'token', { grant_type: 'client_credentials' }, target.clients.mine)
      if (asOther.status === 200) return broken('a client acts for itself that was not registered to')
      for (const grant_type of ['password', 'implicit', 'urn:ietf:params:oauth:grant-type:device_code']) {
        const { status } = await post(target, 'token', { grant_type, username: 'ann', password: 'x' })
        if (status === 200) return broken(`${grant_type} works`)
      }
      return held
    },
  },
  {
    guarantees: 'TOK-13',
    what: 'A public client’s refresh token without its client_id',
    run: async (target) => {
      const { refresh } = await freshTokens(
        target,
        { redirect_uri: 'http://127.0.0.1:4567/cb', prompt: 'consent' },
        target.clients.native,
      )
      const { status } = await post(target, 'token', refreshForm(refresh), null)
      return unless(status === 200 ? 'it got tokens' : null)
    },
  },
  {
    guarantees: 'TOK-15',
    what: 'A client that acts for itself asks for what nobody listed',
    run: async (target) => {
      const form = { grant_type: 'client_credentials', scope: 'admin:all' }
      const { status, body } = await post(target, 'token', form, target.clients.machine)
      if (status !== 200) return held
      // RFC 6749 §5.1: a response without `scope` grants the requested scope.
      if (body.scope === undefined)
        return broken('the answer is a token, and does not say that it was not given')
      return unless(String(body.scope).includes('admin:all') ? 'it was given' : null)
    },
  },
  {
    guarantees: 'TOK-17',
    what: 'The answer says what kind of token it is, for how long, and for what',
    run: async (target) => {
      const { form } = await freshCode(target)
      const { body } = await post(target, 'token', form)
      if (!/^bearer$/i.test(body.token_type)) return broken(`token_type ${body.token_type}`)
      if (!Number.isInteger(body.expires_in) || body.expires_in <= 0)
        return broken(`expires_in ${body.expires_in}`)
      return unless(typeof body.scope === 'string' && body.scope !== '' ? null : 'it does not say the scope')
    },
  },
  {
    guarantees: 'TOK-19',
    what: 'Forty wrong secrets from one address: the client itself gets in with the right one',
    run: async (target) => {
      const form = { grant_type: 'refresh_token', refresh_token: 'x' }
      const { id } = target.clients.other
      for (let guess = 0; guess < GUESSES; guess++)
        await post(target, 'token', form, { id, secret: `wrong ${guess}` })
      const { body } = await post(target, 'token', form, target.clients.other)
      return unless(body?.error === 'invalid_grant' ? null : `the right secret gets ${body?.error}`)
    },
  },
  {
    guarantees: 'AUZ-19',
    what: 'prompt=none in a browser that nobody has signed in to: an error to the client, and no page',
    run: async (target) => {
      const asked = { client_id: target.clients.mine.id, scope: target.scopes[0], prompt: 'none', state: 's' }
      const answer = await target.browser().send('GET', authorizePath(target.paths.authorize, asked))
      const error = answer.location && new URL(answer.location, target.issuer).searchParams.get('error')
      return unless(
        error === 'login_required' || error === 'interaction_required'
          ? null
          : `answered ${answer.status} ${error}`,
      )
    },
  },
  {
    guarantees: 'AUZ-17 CRY-02',
    what: 'Codes and tokens are long, and never the same',
    run: async (target) => {
      const seen = new Set<string>()
      for (let n = 0; n < 4; n++) {
        const { code } = await freshCode(target)
        const { access, refresh } = await freshTokens(target)
        for (const text of [code, access, refresh]) {
          if (text.length < 43) return broken(`${text.length} characters`)
          seen.add(text)
        }
      }
      return unless(seen.size === 12 ? null : 'one came twice')
    },
  },
  {
    guarantees: 'REV-01',
    what: 'Revocation of nonsense, and with a hint that nobody knows',
    run: async (target) => {
      const nonsense = await post(target, 'revoke', { token: 'nonsense', token_type_hint: 'nonsense' })
      if (nonsense.status !== 200) return broken(`nonsense is answered with ${nonsense.status}`)
      const { access } = await freshTokens(target)
      const hinted = await post(target, 'revoke', { token: access, token_type_hint: 'nonsense' })
      if (hinted.status !== 200) return broken(`an unknown hint is answered with ${hinted.status}`)
      return unless((await isActive(target, access)) ? 'with an unknown hint it lives on' : null)
    },
  },
  {
    guarantees: 'REV-08',
    what: 'Introspection tells a resource server enough: whose, whose app, for what, from when and until when',
    run: async (target) => {
      const { access } = await freshTokens(target)
      const { body } = await post(target, 'introspect', { token: access })
      const missing = ['sub', 'client_id', 'scope', 'exp', 'iat', 'iss', 'aud', 'token_type'].filter(
        (name) => body[name] === undefined,
      )
      if (missing.length > 0) return broken(`missing: ${missing.join(', ')}`)
      return unless(body.iss === target.issuer ? null : `iss is ${body.iss}`)
    },
  },
  {
    guarantees: 'META-01 META-02',
    what: 'Metadata names the issuer as it is configured, no plain PKCE, and no grant that is refused',
    run: async (target) => {
      const { body, headers } = await answerOf(await fetch(target.nodes[0] + target.paths.metadata))
      if (body.issuer !== target.issuer) return broken(`issuer ${body.issuer}`)
      if (!/^application\/json/.test(headers.get('content-type') ?? '')) return broken('it is not JSON')
      if (String(body.code_challenge_methods_supported) !== 'S256')
        return broken(`PKCE: ${body.code_challenge_methods_supported}`)
      const risky = (body.grant_types_supported ?? ['implicit']).filter((type: string) =>
        /password|implicit/.test(type),
      )
      return unless(risky.length === 0 ? null : `it offers ${risky}`)
    },
  },
]
