/** A minimal browser: keeps cookies, follows no redirect by itself, and submits forms. */
export interface CookieJar {
  readonly cookies: Map<string, string>
  get(path: string, headers?: Record<string, string>): Promise<JarAnswer>
  post(path: string, fields: Fields, headers?: Record<string, string>): Promise<JarAnswer>
  /** Submits the form of a page with its hidden fields. */
  submit(page: JarAnswer, fields: Fields): Promise<JarAnswer>
  /** Follows redirects until there is none, or it leads to another origin. */
  follow(answer: JarAnswer): Promise<JarAnswer>
}

/** Values by name; a list if a name is repeated. */
export type Fields = Readonly<Record<string, string>> | readonly (readonly [string, string])[]

export interface JarAnswer {
  readonly status: number
  readonly path: string
  readonly location: string | null
  readonly headers: Headers
  readonly text: string
}

/**
 * @param origin address at which the server listens
 * @param publicUrl the configured public URL, if it differs
 */
export function openJar(origin: string, publicUrl = 'http://doorward.test'): CookieJar {
  const ours = new Set([origin, new URL(publicUrl).origin])
  const cookies = new Map<string, string>()

  async function send(path: string, init: RequestInit, headers: Record<string, string>): Promise<JarAnswer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(origin + path, {
      ...init,
      headers: { ...(cookie === '' ? {} : { cookie }), ...headers },
      redirect: 'manual',
      signal: AbortSignal.timeout(60_000),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';', 1)[0]?.split('=') ?? []
      if (/max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    const { status } = answer
    return {
      status,
      path,
      location: answer.headers.get('location'),
      headers: answer.headers,
      text: await answer.text(),
    }
  }

  const jar: CookieJar = {
    cookies,
    get: (path, headers = {}) => send(path, {}, headers),
    post: (path, fields, headers = {}) =>
      send(path, { method: 'POST', body: new URLSearchParams(listOf(fields)) }, headers),
    submit: (page, fields) => {
      const action = /<form method="post" action="([^"]+)"/.exec(page.text)?.[1]
      if (action === undefined) throw new Error(`no form at ${page.path}: ${page.status} ${page.text}`)
      const given = listOf(fields)
      const hidden = Object.entries(hiddenFields(page.text)).filter(([name]) =>
        given.every(([each]) => each !== name),
      )
      return jar.post(unescaped(action), [...hidden, ...given])
    },
    follow: async (answer) => {
      let at = answer
      for (let n = 0; n < 10 && at.location !== null; n++) {
        const next = new URL(at.location, origin)
        if (!ours.has(next.origin)) return at
        at = await jar.get(next.pathname + next.search)
      }
      return at
    },
  }
  return jar
}

export function hiddenFields(text: string): Record<string, string> {
  const found = text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, unescaped(value)]))
}

function listOf(fields: Fields): [string, string][] {
  return Array.isArray(fields) ? fields.map(([name, value]) => [name, value]) : Object.entries(fields)
}

function unescaped(text: string): string {
  const signs: Readonly<Record<string, string>> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    '#39': "'",
    '#96': '`',
  }
  return text.replace(/&(amp|lt|gt|quot|#39|#96);/g, (_, name: string) => signs[name] ?? '')
}

/** A page with one of its forms: the first, or that which is sent to a path. */
export function withForm(page: JarAnswer, path?: string): JarAnswer {
  const from = path === undefined ? 0 : page.text.indexOf(`<form method="post" action="${path}"`)
  return { ...page, text: from === -1 ? '' : (page.text.slice(from).split('</form>', 1)[0] ?? '') }
}
