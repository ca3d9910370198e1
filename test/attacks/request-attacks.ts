import { type Attack, broken, type Finding, held, unless } from './attack.ts'
import { answerOf, formOf } from './browser.ts'
import { authorizePath, freshCode, pkce, post } from './requests.ts'
import type { Asked, Target } from './target.ts'

/** An authorization request that must not send the browser anywhere but to a registered redirect URI. */
async function refusedUnlessRegistered(target: Target, asked: Asked): Promise<string | null> {
  const answer = await target
    .browser()
    .send('GET', authorizePath(target.paths.authorize, { client_id: target.clients.mine.id, ...asked }))
  const { location } = answer
  if (location === null) return answer.status >= 500 ? `answered ${answer.status}` : null
  const to = new URL(location, target.issuer)
  return [target.issuer, ...target.nodes].includes(to.origin)
    ? `the request was taken: ${to.pathname}`
    : `redirected to ${to.origin}`
}

/** Responses to a faulty authorization request. */
async function errorOf(target: Target, asked: Asked, query = ''): Promise<URLSearchParams | string> {
  const path =
    authorizePath(target.paths.authorize, { client_id: target.clients.mine.id, state: 's', ...asked }) + query
  const { location, status } = await target.browser().send('GET', path)
  if (location === null) return `a page, ${status}`
  const to = new URL(location, target.issuer)
  if (!to.href.startsWith(target.redirectUri)) return `on to ${to.pathname}`
  // Some response types put the parameters into the fragment.
  return to.hash === '' ? to.searchParams : new URLSearchParams(to.hash.slice(1))
}

function eachFault(
  guarantees: string,
  what: string,
  rows: readonly [what: string, asked: Asked, errors: readonly string[]][],
): Attack {
  return {
    guarantees,
    what,
    run: async (target) => {
      for (const [name, asked, errors] of rows) {
        const told = await errorOf(target, asked)
        const error = typeof told === 'string' ? told : told.get('error')
        if (error === null || !errors.includes(error)) return broken(`${name}: ${error ?? 'a code'}`)
      }
      return held
    },
  }
}

export const REQUEST_ATTACKS: readonly Attack[] = [
  {
    guarantees: 'AUZ-01 AUZ-03 AUZ-04 AUZ-05 AUZ-14',
    what: 'Sixteen redirect URIs that are almost the registered one, or a script',
    run: async (target) => {
      const tricks = [
        ...[
          'https://app.example.com/cb/',
          'https://app.example.com/cb/../x',
          'https://app.example.com/cb?x=1',
        ],
        ...['https://app.example.com/cb#x', 'https://app.example.com/%63b', 'https://APP.example.com/cb'],
        ...[
          'https://app.example.com:444/cb',
          'https://app.example.com.evil.example/cb',
          'http://app.example.com/cb',
        ],
        ...[
          'https://evil.example@app.example.com/cb',
          'https://app.example.com@evil.example/cb',
          '//evil.example/cb',
        ],
        ...[
          'javascript:alert(1)',
          ' https://app.example.com/cb',
          'https://app.example.com\\@evil.example/cb',
          'data:text/html,x',
        ],
      ]
      for (const redirect_uri of tricks) {
        const evidence = await refusedUnlessRegistered(target, { redirect_uri })
        if (evidence !== null) return broken(`${redirect_uri}: ${evidence}`)
      }
      return held
    },
  },
  {
    guarantees: 'AUZ-01',
    what: 'A native app at a loopback address, at any port, and at no other path or host',
    run: async (target) => {
      const client_id = target.clients.native.id
      const ask = (redirect_uri: string) =>
        target.browser().send('GET', authorizePath(target.paths.authorize, { client_id, redirect_uri }))
      const good = await ask('http://127.0.0.1:51999/cb')
      if (good.location === null) return broken(`another port was refused (${good.status})`)
      for (const uri of [
        'http://127.0.0.1:51999/x',
        'http://127.0.0.2:51999/cb',
        'http://evil.example:80/cb',
      ]) {
        const bad = await ask(uri)
        if (bad.location !== null) return broken(`${uri} was taken`)
      }
      return held
    },
  },
  {
    guarantees: 'AUZ-03',
    what: 'An unknown client: a page, and no redirect',
    run: async (target) => unless(await refusedUnlessRegistered(target, { client_id: 'nobody' })),
  },
  eachFault('AUZ-06 AUZ-07', 'PKCE left out, or weakened', [
    ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }, ['invalid_request']],
    ['plain', { code_challenge_method: 'plain', code_challenge: pkce().verifier }, ['invalid_request']],
    ['no method, which means plain', { code_challenge_method: undefined }, ['invalid_request']],
    ['too short', { code_challenge: 'abc' }, ['invalid_request']],
  ]),
  eachFault('AUZ-08', 'Other response types', [
    [
      'token',
      { response_type: 'token' },
      ['unsupported_response_type', 'unauthorized_client', 'invalid_request'],
    ],
    ['none at all', { response_type: undefined }, ['invalid_request']],
  ]),
  {
    guarantees: 'AUZ-09',
    what: 'A parameter sent twice',
    run: async (target) => {
      const [read] = target.scopes
      const told = await errorOf(target, { scope: read }, `&scope=${read}`)
      const error = typeof told === 'string' ? told : told.get('error')
      return unless(error === 'invalid_request' ? null : `${error ?? 'a code'}`)
    },
  },
  {
    guarantees: 'AUZ-10 AUZ-11',
    what: 'State of 512 strange characters comes back byte for byte, with the issuer, on yes and on no',
    run: async (target) => {
      const state = `${'a+b c%20~é✓&=?#/"<'.repeat(28)}${'x'.repeat(8)}`
      const [read] = target.scopes
      const good = await target.approve(target.browser(), {
        client_id: target.clients.mine.id,
        scope: read,
        state,
      })
      const yes = good.location === null ? null : new URL(good.location).searchParams
      if (yes?.get('state') !== state) return broken('the state of a yes is another')
      if (yes.getAll('iss').join() !== target.issuer)
        return broken(`the issuer of a yes is ${yes.getAll('iss').join()}`)
      const no = await errorOf(target, { prompt: 'none', state })
      if (typeof no === 'string') return broken(`no redirect: ${no}`)
      return unless(
        no.get('state') === state && no.get('iss') === target.issuer
          ? null
          : 'state or issuer of a no is another',
      )
    },
  },
  {
    guarantees: 'AUZ-12',
    what: 'A scope that nobody declared',
    run: async (target) => {
      const told = await errorOf(target, { scope: 'orders:read made:up' })
      if (typeof told !== 'string')
        return unless(told.get('error') === 'invalid_scope' ? null : `${told.get('error')}`)
      // If it was accepted, it must not be part of the result.
      const { form } = await freshCode(target, { scope: 'orders:read made:up' })
      const { body } = await post(target, 'token', form)
      return unless(String(body?.scope).includes('made:up') ? 'it was granted' : null)
    },
  },
  {
    guarantees: 'AUZ-13',
    what: 'Scopes without `resource`, and with it, mean the same scopes',
    run: async (target) => {
      const scope = target.scopes.join(' ')
      const bare = await post(target, 'token', (await freshCode(target, { scope })).form)
      const bound = await post(
        target,
        'token',
        (await freshCode(target, { scope, resource: target.resource })).form,
      )
      const sorted = (text: unknown) => String(text).split(' ').sort().join(' ')
      const [one, two] = [sorted(bare.body?.scope), sorted(bound.body?.scope)]
      return unless(one === two && one === scope ? null : `without: ${one}; with: ${two}`)
    },
  },
  {
    guarantees: 'CON-16',
    what: 'Consent sent by another site, by another browser, without its token, and twice',
    run: async (target) => {
      const [read] = target.scopes
      const asked = { client_id: target.clients.mine.id, scope: read, prompt: 'consent' }
      const browser = target.browser()
      const page = await target.consentPage(browser, asked)
      const form = formOf(page.text)
      if (form === null) return broken(`no consent page: ${page.status}`)
      const path = new URL(form.action, target.issuer).pathname + new URL(form.action, target.issuer).search
      const allow: [string, string][] = [...form.fields, ['decision', 'allow']]
      const yielded = (location: string | null) => location !== null && /[?&]code=/.test(location)
      const stranger = await target.browser().send('POST', path, { form: allow })
      if (yielded(stranger.location) || (stranger.location ?? '').includes('/auth/'))
        return broken('another browser could say yes')
      const crossSite = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      const forged = await browser.send('POST', path, { form: allow, headers: crossSite })
      if (forged.status < 400) return broken(`another site could say yes (${forged.status})`)
      const bare = allow.filter(([name]) => name !== 'csrf_token' && name !== 'xsrf')
      const tokenless = await browser.send('POST', path, { form: bare })
      return unless(tokenless.status < 400 && bare.length < allow.length ? 'the form needs no token' : null)
    },
  },
  {
    guarantees: 'CON-16',
    what: 'The user is swapped between the consent page and the answer',
    run: async (target) => {
      const [read] = target.scopes
      const browser = target.browser()
      const page = await target.consentPage(browser, {
        client_id: target.clients.mine.id,
        scope: read,
        prompt: 'consent',
      })
      const form = formOf(page.text)
      if (form === null) return broken(`no consent page: ${page.status}`)
      await target.swapUser(browser)
      const { pathname, search } = new URL(form.action, target.issuer)
      let answer = await browser.send('POST', pathname + search, {
        form: [...form.fields, ['decision', 'allow']],
      })
      for (
        let n = 0;
        n < 5 && answer.location !== null && !answer.location.startsWith(target.redirectUri);
        n++
      ) {
        const next = new URL(answer.location, target.issuer)
        answer = await browser.send('GET', next.pathname + next.search)
      }
      return unless((answer.location ?? '').includes('code=') ? 'the other user’s app got a code' : null)
    },
  },
  {
    guarantees: 'WEB-01 AUZ-15 AUZ-16',
    what: 'The consent page in a frame, by CORS, from a cache; and the redirect after its form',
    run: async (target) => {
      const [read] = target.scopes
      const browser = target.browser()
      const page = await target.consentPage(browser, {
        client_id: target.clients.mine.id,
        scope: read,
        prompt: 'consent',
      })
      const policy = `${page.headers.get('content-security-policy')} ${page.headers.get('x-frame-options')}`
      if (!/frame-ancestors 'none'|DENY/i.test(policy)) return broken('it can be framed')
      if (page.headers.get('access-control-allow-origin') !== null)
        return broken('it can be read by other sites')
      if (!/no-store/.test(page.headers.get('cache-control') ?? '')) return broken('it may be kept')
      const form = formOf(page.text)
      if (form === null) return broken('no form')
      const { pathname, search } = new URL(form.action, target.issuer)
      const sent = await browser.send('POST', pathname + search, {
        form: [...form.fields, ['decision', 'allow']],
      })
      return unless(
        sent.status === 303 || sent.status === 302 ? null : `the form is answered with ${sent.status}`,
      )
    },
  },
  {
    guarantees: 'TOK-08 TOK-09 TOK-10 TOK-21',
    what: 'The token endpoint by GET, by JSON, with credentials in the URL, by two methods at once, and with very much',
    run: async (target) => {
      const url = target.nodes[0] + target.paths.token
      const { form } = await freshCode(target)
      const get = await answerOf(await fetch(`${url}?${new URLSearchParams(form)}`))
      if (get.status < 400 || get.status >= 500) return broken(`GET answers ${get.status}`)
      const json = await post(target, 'token', { grant_type: 'x' }, null, {
        headers: { 'content-type': 'application/json' },
      })
      if (json.status < 400 || json.status >= 500) return broken(`JSON answers ${json.status}`)
      const { id, secret } = target.clients.mine
      const inQuery = await post(target, 'token', form, null, {
        query: `?client_id=${id}&client_secret=${encodeURIComponent(secret ?? '')}`,
      })
      if (inQuery.status === 200) return broken('a secret in the URL works')
      const two = await post(target, 'token', { ...form, client_id: id, client_secret: secret ?? '' })
      if (two.status === 200) return broken('a secret in two places works')
      const large = await post(target, 'token', { ...form, scope: 'x'.repeat(2_000_000) }).catch(() => ({
        status: 413,
      }))
      if (large.status < 400 || large.status >= 500) return broken(`two megabytes answer ${large.status}`)
      return unless(
        (await post(target, 'token', form)).status === 200 ? null : 'one of these burned the code',
      )
    },
  },
  {
    guarantees: 'TOK-11 TOK-16',
    what: 'A wrong secret and an unknown client: the same answer, which nobody keeps',
    run: async (target) => {
      const form = { grant_type: 'refresh_token', refresh_token: 'x' }
      const wrong = await post(target, 'token', form, { id: target.clients.mine.id, secret: 'x' })
      const unknown = await post(target, 'token', form, { id: 'nobody', secret: 'x' })
      const told = (answer: typeof wrong) => `${answer.status} ${answer.text}`
      if (told(wrong) !== told(unknown)) return broken(`${told(wrong)} against ${told(unknown)}`)
      if (wrong.status !== 401) return broken(`answered ${wrong.status}`)
      return unless(
        /no-store/.test(wrong.headers.get('cache-control') ?? '') ? null : 'the answer may be kept',
      )
    },
  },
  {
    guarantees: 'TOK-21',
    what: 'Errors repeat nothing of what was sent',
    run: async (target) => {
      const probe = 'zq"<script>zq'
      const answers = [
        await post(target, 'token', { grant_type: probe }),
        await post(target, 'token', { grant_type: 'refresh_token', refresh_token: probe }),
        await post(target, 'token', { grant_type: 'refresh_token', refresh_token: 'x', scope: probe }),
      ]
      return unless(answers.some(({ text }) => text.includes('zq')) ? 'it is repeated' : null)
    },
  },
  {
    guarantees: 'META-03',
    what: 'Metadata and redirects under a forged Host and X-Forwarded-Host',
    run: async (target): Promise<Finding> => {
      const headers = {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.example',
      }
      const texts = [
        await answerOf(await fetch(target.nodes[0] + target.paths.metadata, { headers })),
        await rawGet(target.nodes[0], target.paths.metadata, 'evil.example'),
      ].map(({ text }) => text)
      return unless(
        texts.some((text) => text.includes('evil.example')) ? 'the forged host is in the metadata' : null,
      )
    },
  },
  {
    guarantees: 'REG-01',
    what: 'Registration by anybody, where nobody switched it on',
    run: async (target) => {
      const answer = await answerOf(
        await fetch(target.nodes[0] + target.paths.register, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ redirect_uris: ['https://evil.example/cb'] }),
        }),
      )
      return unless(answer.status < 400 ? 'it was registered' : null)
    },
  },
]

/** `fetch` sets the Host header by itself; this does not. */
async function rawGet(origin: string, path: string, host: string): Promise<{ text: string }> {
  const { request } = await import('node:http')
  return await new Promise((resolve, reject) => {
    const asking = request(origin + path, { headers: { host } }, (response) => {
      let text = ''
      response.on('data', (part) => (text += part)).on('end', () => resolve({ text }))
    })
    asking.on('error', reject).end()
  })
}
