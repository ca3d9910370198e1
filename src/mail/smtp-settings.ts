import { Secret } from '@doorward/sdk/kernel'

/** Where mails are handed over, as `SMTP_URL` and `DOORWARD_MAIL_FROM` say. */
export interface SmtpSettings {
  readonly host: string
  readonly port: number
  /** True: TLS from the first byte; false: STARTTLS, which only a server on this machine may lack. */
  readonly isSecure: boolean
  readonly login: { readonly user: string; readonly password: Secret } | null
  /** Address of the sender. */
  readonly from: string
}

/** Ports of `smtp:` (RFC 6409) and `smtps:` (RFC 8314). */
const PORTS = { 'smtp:': 587, 'smtps:': 465 } as const

/** Parses the URL of a mail server: `smtps://user:password@host:465`. Null where it is not one. */
export function readSmtpUrl(text: string): Omit<SmtpSettings, 'from'> | null {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')) return null
  if (url.hostname === '' || url.search !== '' || url.hash !== '' || !/^\/?$/.test(url.pathname)) return null
  const login = loginOf(url)
  if (login === undefined) return null
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? PORTS[url.protocol] : Number(url.port),
    isSecure: url.protocol === 'smtps:',
    login,
  }
}

function loginOf({ username, password }: URL): SmtpSettings['login'] | undefined {
  if (username === '') return null
  try {
    return { user: decodeURIComponent(username), password: new Secret(decodeURIComponent(password)) }
  } catch {
    return undefined
  }
}

/**
 * True for an address that is safe in a header and in a command: one mailbox in ASCII (RFC 5321 §4.1.2, without quoted
 * local parts and literals), as the API accepts.
 */
export function isMailAddress(text: string): boolean {
  return text.length <= 254 && ADDRESS.test(text)
}

const ADDRESS =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/

/** True for a server on this machine, with which a connection without TLS is allowed. */
export function isLocal(host: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|::1)$/.test(host)
}
