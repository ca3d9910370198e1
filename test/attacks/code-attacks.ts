import { type Attack, broken, held, unless } from './attack.ts'
import { freshCode, freshTokens, isActive, pkce, post, refreshForm } from './requests.ts'
import type { Target } from './target.ts'

const ERRORS = new Set([
  'invalid_grant',
  'invalid_request',
  'invalid_client',
  'unauthorized_client',
  'invalid_target',
  'invalid_scope',
])

/** Presents a code with something wrong: it must be refused, and must then still work for its client. */
function mustNotBurn(
  what: string,
  guarantees: string,
  change: (form: Record<string, string>, target: Target) => Record<string, string>,
  by: 'mine' | 'other' = 'mine',
): Attack {
  return {
    guarantees,
    what,
    run: async (target) => {
      const { form } = await freshCode(target)
      const tried = await post(target, 'token', change({ ...form }, target), target.clients[by])
      if (tried.status === 200) return broken('it got tokens')
      if (!ERRORS.has(tried.body?.error)) return broken(`answered ${tried.status} ${tried.body?.error}`)
      const after = await post(target, 'token', form)
      return unless(
        after.status === 200 ? null : `the refused attempt burned the code (${after.body?.error} afterwards)`,
      )
    },
  }
}

export const CODE_ATTACKS: readonly Attack[] = [
  {
    guarantees: 'TOK-06',
    what: 'Twelve redemptions of one code at once, at two processes',
    run: async (target) => {
      const { form } = await freshCode(target)
      const tries = Array.from({ length: 12 }, (_, n) =>
        post(target, 'token', form, target.clients.mine, { node: n % 2 === 0 ? 0 : 1 }),
      )
      const answers = await Promise.all(tries)
      const got = answers.filter(({ status }) => status === 200).length
      const bugs = answers.filter(({ status }) => status >= 500).length
      return unless(
        got === 1 && bugs === 0
          ? null
          : `${got} of 12 got tokens${bugs > 0 ? `, ${bugs} answers were 5xx` : ''}`,
      )
    },
  },
  {
    guarantees: 'TOK-05',
    what: 'A code used twice: what it yielded must end',
    run: async (target) => {
      const { form } = await freshCode(target)
      const first = await post(target, 'token', form)
      const second = await post(target, 'token', form, target.clients.mine, { node: 1 })
      if (second.status === 200) return broken('the second use got tokens')
      if (await isActive(target, first.body.access_token)) return broken('the access token lives on')
      const refreshed = await post(target, 'token', refreshForm(first.body.refresh_token))
      return unless(refreshed.status === 200 ? 'the refresh token lives on' : null)
    },
  },
  mustNotBurn('A code with another verifier', 'TOK-01', (form) => ({
    ...form,
    code_verifier: pkce().verifier,
  })),
  mustNotBurn('A code without a verifier', 'TOK-01', ({ code_verifier: _, ...form }) => form),
  mustNotBurn('A code by another client', 'TOK-03', (form) => form, 'other'),
  mustNotBurn('A code with another redirect URI', 'TOK-04', (form) => ({
    ...form,
    redirect_uri: 'https://app.example.com/cb/',
  })),
  mustNotBurn('A code for an API that it was not granted for', 'AUZ-13', (form) => ({
    ...form,
    resource: 'https://other.example',
  })),
  {
    guarantees: 'REF-02',
    what: 'Twelve uses of one refresh token at once, at two processes',
    run: async (target) => {
      const { refresh } = await freshTokens(target)
      const tries = Array.from({ length: 12 }, (_, n) =>
        post(target, 'token', refreshForm(refresh), target.clients.mine, { node: n % 2 === 0 ? 0 : 1 }),
      )
      const answers = await Promise.all(tries)
      const successors = new Set(
        answers.flatMap(({ status, body }) => (status === 200 ? [body.refresh_token] : [])),
      )
      const bugs = answers.filter(({ status }) => status >= 500).length
      return unless(
        successors.size <= 1 && bugs === 0
          ? null
          : `${successors.size} different successors${bugs > 0 ? `, ${bugs} answers were 5xx` : ''}`,
      )
    },
  },
  {
    guarantees: 'REF-01',
    what: 'A refresh token from two generations ago, at another process after a restart',
    run: async (target) => {
      const { refresh } = await freshTokens(target)
      const second = await post(target, 'token', refreshForm(refresh))
      const third = await post(target, 'token', refreshForm(second.body.refresh_token))
      await target.restart(1)
      const reused = await post(target, 'token', refreshForm(refresh), target.clients.mine, { node: 1 })
      if (reused.status === 200) return broken('it got tokens')
      if (await isActive(target, third.body.access_token)) return broken('the newest access token lives on')
      const after = await post(target, 'token', refreshForm(third.body.refresh_token))
      return unless(after.status === 200 ? 'the newest refresh token lives on' : null)
    },
  },
  {
    guarantees: 'REF-03',
    what: 'A refresh token by another client: refused, and it goes on working',
    run: async (target) => {
      const { refresh } = await freshTokens(target)
      const tried = await post(target, 'token', refreshForm(refresh), target.clients.other)
      if (tried.status === 200) return broken('it got tokens')
      const after = await post(target, 'token', refreshForm(refresh))
      return unless(after.status === 200 ? null : 'a stranger ended it')
    },
  },
  {
    guarantees: 'REF-04',
    what: 'A confidential client’s refresh token without its secret',
    run: async (target) => {
      const { refresh } = await freshTokens(target)
      const { id } = target.clients.mine
      const tried = await post(target, 'token', refreshForm(refresh), { id, secret: null })
      return unless(tried.status === 200 ? 'it got tokens' : null)
    },
  },
  {
    guarantees: 'REF-05',
    what: 'A refresh for less, then for the whole again, then for more',
    run: async (target) => {
      const [read, write] = target.scopes
      const { refresh } = await freshTokens(target)
      const less = await post(target, 'token', { ...refreshForm(refresh), scope: read })
      if (less.status !== 200) return broken(`less was refused: ${less.body?.error}`)
      const more = await post(target, 'token', {
        ...refreshForm(less.body.refresh_token),
        scope: `${read} ${write} admin:all`,
      })
      if (more.status === 200 && String(more.body.scope).includes('admin:all'))
        return broken('a scope that nobody granted')
      const whole = await post(target, 'token', refreshForm(less.body.refresh_token))
      return unless(
        whole.status === 200 && String(whole.body.scope).includes(write)
          ? null
          : `after a refresh for less, the rest is lost (${whole.body?.scope ?? whole.body?.error})`,
      )
    },
  },
  {
    guarantees: 'REF-06',
    what: 'A refresh for another API: refused, before anything is rotated',
    run: async (target) => {
      const { refresh } = await freshTokens(target)
      const tried = await post(target, 'token', {
        ...refreshForm(refresh),
        resource: 'https://other.example',
      })
      if (tried.status === 200) return broken('it got tokens')
      const after = await post(target, 'token', refreshForm(refresh))
      return unless(after.status === 200 ? null : 'the refused attempt burned the token')
    },
  },
  {
    guarantees: 'REF-09',
    what: 'Revocation racing a refresh, ten times: nothing may be left alive',
    run: async (target) => {
      for (let n = 0; n < 10; n++) {
        const { refresh } = await freshTokens(target)
        const [refreshed] = await Promise.all([
          post(target, 'token', refreshForm(refresh)),
          post(target, 'revoke', { token: refresh, token_type_hint: 'refresh_token' }, target.clients.mine, {
            node: 1,
          }),
        ])
        if (refreshed.status !== 200) continue
        if (await isActive(target, refreshed.body.access_token))
          return broken(`an orphaned access token in round ${n + 1}`)
        const again = await post(target, 'token', refreshForm(refreshed.body.refresh_token))
        if (again.status === 200) return broken(`an orphaned refresh token in round ${n + 1}`)
      }
      return held
    },
  },
  {
    guarantees: 'REV-02',
    what: 'Revocation by another client: nothing happens',
    run: async (target) => {
      const { access, refresh } = await freshTokens(target)
      for (const token of [access, refresh]) await post(target, 'revoke', { token }, target.clients.other)
      return unless((await isActive(target, access)) ? null : 'a stranger revoked it')
    },
  },
  {
    guarantees: 'REV-03',
    what: 'A revoked refresh token: its access token is dead at once, at the other process',
    run: async (target) => {
      const { access, refresh } = await freshTokens(target)
      if (!(await isActive(target, access, 1))) return broken('it was not even alive')
      await post(target, 'revoke', { token: refresh })
      return unless((await isActive(target, access, 1)) ? 'it lives on' : null)
    },
  },
  {
    guarantees: 'REV-05 REV-06 REV-07',
    what: 'Introspection by nobody, by a public client, and by a client about another’s token',
    run: async (target) => {
      const { access } = await freshTokens(target)
      const nobody = await post(target, 'introspect', { token: access }, null)
      if (nobody.status === 200 && nobody.body?.active === true) return broken('nobody was told')
      const open = await post(target, 'introspect', { token: access }, target.clients.native)
      if (open.status === 200 && open.body?.active === true) return broken('a public client was told')
      const other = await post(target, 'introspect', { token: access }, target.clients.other)
      if (other.body?.active === true) return broken('a client was told about another client’s token')
      const { text } = await post(target, 'introspect', { token: 'nonsense' })
      return unless(text === '{"active":false}' ? null : `about nonsense it says ${text.slice(0, 100)}`)
    },
  },
  {
    guarantees: 'STO-01',
    what: 'A dump of the database: nothing in it can be presented',
    run: async (target) => {
      const { form } = await freshCode(target)
      const tokens = await freshTokens(target)
      const dump = await target.dump()
      const kept = Object.entries({ code: form.code ?? '', access: tokens.access, refresh: tokens.refresh })
        .filter(([, text]) => dump.includes(text) || dump.includes(Buffer.from(text).toString('hex')))
        .map(([name]) => name)
      if (kept.length > 0) return broken(`stored as they are: ${kept.join(', ')}`)
      // Stored values may be the looked-up ones: each text of the dump is presented as a refresh token.
      const texts = new Set(dump.match(/[A-Za-z0-9_-]{40,200}/g) ?? [])
      for (const text of [...texts].slice(0, 400)) {
        const tried = await post(target, 'token', refreshForm(text))
        if (tried.status === 200) return broken('a stored text works as a refresh token')
      }
      return held
    },
  },
]
