import type { AttackAnswer, AttackBrowser } from './target.ts'

/** @param origin address at which the process listens @param issuer the name in the server's redirects to itself */
export function openAttackBrowser(origin: string, issuer: string): AttackBrowser {
  const cookies = new Map<string, { value: string; path: string }>()
  return {
    send: async (method, path, { form, headers = {} } = {}) => {
      const { pathname } = new URL(path, origin)
      const cookie = [...cookies]
        .filter(([, { path: scope }]) => pathname.startsWith(scope))
        .map(([name, { value }]) => `${name.split(' ', 1)[0]}=${value}`)
        .join('; ')
      const answer = await fetch(new URL(path.replace(issuer, ''), origin), {
        method,
        headers: { ...(cookie === '' ? {} : { cookie }), ...headers },
        ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
        redirect: 'manual',
        signal: AbortSignal.timeout(60_000),
      })
      for (const line of answer.headers.getSetCookie()) {
        const [name = '', value = ''] = (line.split(';', 1)[0] ?? '').split(/=(.*)/s)
        const scope = /;\s*path=([^;]+)/i.exec(line)?.[1] ?? '/'
        cookies.set(`${name} ${scope}`, { value, path: scope })
      }
      return await answerOf(answer)
    },
  }
}

export async function answerOf(answer: Response): Promise<AttackAnswer> {
  const text = await answer.text()
  let body: unknown = null
  try {
    body = JSON.parse(text)
  } catch {}
  return {
    status: answer.status,
    location: answer.headers.get('location'),
    headers: answer.headers,
    text,
    body,
  }
}

/** The hidden, ticked and selected fields of a page's last form, and its action. */
export function formOf(text: string): { action: string; fields: [string, string][] } | null {
  const form = /<form[^>]*action="([^"]+)"[^>]*>([\s\S]*)/i.exec(text)
  if (form === null) return null
  const [, action = '', inside = ''] = form
  const [own = ''] = inside.split('</form>')
  const fields = [...own.matchAll(/<input([^>]*)>/g)].flatMap(([, tag = '']): [string, string][] => {
    const attribute = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
    const type = attribute('type')
    const counts = type === 'hidden' || ((type === 'checkbox' || type === 'radio') && /\bchecked\b/.test(tag))
    return counts ? [[attribute('name'), attribute('value').replaceAll('&amp;', '&')]] : []
  })
  return { action: action.replaceAll('&amp;', '&'), fields }
}

/** Follows redirects within the server. */
export async function follow(
  browser: AttackBrowser,
  answer: AttackAnswer,
  ours: readonly string[],
): Promise<AttackAnswer> {
  let at = answer
  for (let n = 0; n < 15 && at.location !== null; n++) {
    const next = new URL(at.location, ours[0])
    if (!ours.includes(next.origin)) return at
    at = await browser.send('GET', next.pathname + next.search)
  }
  return at
}
