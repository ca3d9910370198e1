/** A client's credentials, as its developer stores them. */
export interface AttackClient {
  readonly id: string
  readonly secret: string | null
}

/** Parameters of an authorization request; undefined leaves a default out. */
export type Asked = Readonly<Record<string, string | undefined>>

/** One browser: keeps cookies, and follows no redirect by itself. */
export interface AttackBrowser {
  send(
    method: string,
    path: string,
    more?: { form?: [string, string][]; headers?: Record<string, string> },
  ): Promise<AttackAnswer>
}

export interface AttackAnswer {
  readonly status: number
  readonly location: string | null
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: what a server answers, read field by field
  readonly body: any
}

/**
 * An issuer under attack: two processes on one database, called over HTTP alone. It holds only what differs from
 * product to product: how a client is registered, how a user signs in.
 */
export interface Target {
  readonly name: string
  /** The configured issuer identifier. */
  readonly issuer: string
  /** Origins of its processes. */
  readonly nodes: readonly [string, string]
  readonly paths: Readonly<
    Record<'authorize' | 'token' | 'revoke' | 'introspect' | 'register' | 'metadata', string>
  >
  /** Two confidential clients of different developers, a public one of a native app, and one for client_credentials. */
  readonly clients: Readonly<Record<'mine' | 'other' | 'native' | 'machine', AttackClient>>
  readonly redirectUri: string
  readonly loopbackUri: string
  /** Scopes that `mine` may be granted, and another declared API. */
  readonly scopes: readonly [string, string]
  readonly resource: string | undefined
  browser(node?: 0 | 1): AttackBrowser
  /** Signs in if asked and consents, as the user; stops where the browser is sent to the client, or at a page. */
  approve(browser: AttackBrowser, asked: Asked): Promise<AttackAnswer>
  /** The same, up to the page that asks for consent. */
  consentPage(browser: AttackBrowser, asked: Asked): Promise<AttackAnswer>
  /** Signs in as another user in a browser that is signed in already. */
  swapUser(browser: AttackBrowser): Promise<void>
  /** Credential that may introspect every token; null if the target has none. */
  readonly adminKey: string | null
  readonly databaseUrl: string
  /** The whole database, as text. */
  dump(): Promise<string>
  /** Kills a process, and starts it again. */
  restart(node: 0 | 1): Promise<void>
  close(): Promise<void>
}
