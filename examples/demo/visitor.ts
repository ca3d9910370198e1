import type { Answer, ClockedServer } from './clocked-server.ts'

type Fields = readonly (readonly [string, string])[]

const UNESCAPED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#96': '`',
}

/** A person's browser at the server's pages: keeps cookies, follows redirects and submits forms. */
export class Visitor {
  readonly #server: ClockedServer
  readonly #ip: string
  readonly #cookies = new Map<string, string>()

  constructor(server: ClockedServer, ip: string) {
    this.#server = server
    this.#ip = ip
  }

  /** Opens a path, and follows redirects until there is none or it leaves the server. */
  async open(path: string): Promise<Answer> {
    return await this.#follow(await this.#send('GET', path))
  }

  /** Submits the page's first form with its hidden fields and others. */
  async submit(page: Answer, fields: Fields): Promise<Answer> {
    const action = /<form method="post" action="([^"]+)"/.exec(page.text)?.[1]
    if (action === undefined) throw new Error(`There is no form on the page: ${page.status} ${page.text}`)
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)]
      .map(([, name = '', value = '']): [string, string] => [name, unescaped(value)])
      .filter(([name]) => fields.every(([given]) => given !== name))
    const body = new URLSearchParams([...hidden, ...fields.map(([name, value]) => [name, value])])
    return await this.#follow(await this.#send('POST', unescaped(action), body.toString()))
  }

  async #follow(answer: Answer): Promise<Answer> {
    let last = answer
    for (let hops = 0; hops < 10 && last.location !== null; hops++) {
      const next = new URL(last.location, this.#server.publicUrl)
      if (next.origin !== new URL(this.#server.publicUrl).origin) return last
      last = await this.#send('GET', next.pathname + next.search)
    }
    return last
  }

  async #send(method: string, path: string, body?: string): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await this.#server.send({
      method,
      path,
      ip: this.#ip,
      headers: {
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
        ...(cookie === '' ? {} : { cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(body === undefined ? {} : { body }),
    })
    for (const line of answer.cookies) {
      const [name = '', value = ''] = line.split(';', 1)[0]?.split('=') ?? []
      if (/max-age=0/i.test(line)) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return answer
  }
}

/** The fields that a page ticks or selects by itself. */
export function chosenOn(page: Answer): [string, string][] {
  const found = page.text.matchAll(
    /<input type="(?:checkbox|radio)" name="([^"]+)" value="([^"]*)"[^>]* checked>/g,
  )
  return [...found].map(([, name = '', value = '']) => [name, unescaped(value)])
}

function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39|#96);/g, (_, name: string) => UNESCAPED[name] ?? '')
}
