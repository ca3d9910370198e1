/** A browser without a screen: keeps cookies, follows nothing by itself, and fills in forms. */
export interface CookieJar {
  readonly cookies: Map<string, string>
  get(path: string, headers?: Record<string, string>): Promise<JarAnswer>
  post(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<JarAnswer>
  /** Fills in the form of a page, hidden fields and all, and sends it. */
  submit(page: JarAnswer, fields: Record<string, string>): Promise<JarAnswer>
  /** Goes where an answer leads, until it leads nowhere. */
  follow(answer: JarAnswer): Promise<JarAnswer>
}

export interface JarAnswer {
  readonly status: number
  readonly path: string
  readonly location: string | null
  readonly headers: Headers
  readonly text: string
}

/** @param origin where the server listens, whatever it is configured to be */
export function openJar(origin: string): CookieJar {
  const cookies = new Map<string, string>()

  async function send(path: string, init: RequestInit, headers: Record<string, string>): Promise<JarAnswer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(origin + path, {
      ...init,
      headers: { ...(cookie === '' ? {} : { cookie }), ...headers },
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
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
      send(path, { method: 'POST', body: new URLSearchParams(fields) }, headers),
    submit: (page, fields) => {
      const action = /<form method="post" action="([^"]+)"/.exec(page.text)?.[1]
      if (action === undefined) throw new Error(`no form at ${page.path}: ${page.status} ${page.text}`)
      return jar.post(action, { ...hiddenFields(page.text), ...fields })
    },
    follow: async (answer) => {
      let at = answer
      for (let n = 0; n < 10 && at.location !== null; n++)
        at = await jar.get(new URL(at.location, origin).pathname + new URL(at.location, origin).search)
      return at
    },
  }
  return jar
}

export function hiddenFields(text: string): Record<string, string> {
  const found = text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, value]))
}
