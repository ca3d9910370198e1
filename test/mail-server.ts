import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { SMTPServer } from 'smtp-server'
import { freePort } from './free-port.ts'

export interface ReceivedMail {
  readonly to: readonly string[]
  readonly messageId: string
  readonly subject: string
  /** Headers and body as they were sent. */
  readonly raw: string
}

export interface MailServer {
  readonly port: number
  readonly received: readonly ReceivedMail[]
  /** Recipients that are refused for good. */
  readonly refused: Set<string>
  /** It takes so long to answer to a mail. */
  answersAfterMs: number
  stop(): Promise<void>
  /** Listens again, on the same port. */
  start(): Promise<void>
}

/** Opens a real mail server on a socket of this machine; it ends with the test. */
export async function openMailServer(
  t: Pick<TestContext, 'after'>,
  { refused = [], putOff = [] }: { refused?: readonly string[]; putOff?: readonly string[] } = {},
): Promise<MailServer> {
  const received: ReceivedMail[] = []
  const [refusing, later] = [new Set(refused), new Set(putOff)]
  const port = await freePort()
  const openServer = () =>
    new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      logger: false,
      onRcptTo({ address }, _, callback) {
        if (refusing.has(address)) callback(failure(550, 'no such mailbox'))
        else if (later.has(address)) callback(failure(451, 'try again later'))
        else callback()
      },
      onData(stream, session, callback) {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          const raw = Buffer.concat(chunks).toString('utf8')
          const header = (name: string) => headerOf(raw, name)
          const to = session.envelope.rcptTo.map(({ address }) => address)
          received.push({ to, messageId: header('Message-ID'), subject: header('Subject'), raw })
          setTimeout(callback, opened.answersAfterMs)
        })
      },
    })
  let server: SMTPServer | null = null
  const start = async () => {
    const smtp = openServer()
    smtp.on('error', () => {})
    const listening = smtp.listen(port, '127.0.0.1')
    if (!listening.listening) await once(listening, 'listening')
    server = smtp
  }
  const stop = async () => {
    const closing = server
    server = null
    if (closing !== null) await new Promise<void>((resolve) => closing.close(resolve))
  }
  const opened: MailServer = { port, received, refused: refusing, answersAfterMs: 0, start, stop }
  await start()
  t.after(stop)
  return opened
}

/** Unfolded, and its encoded words read (RFC 2047 §4.2). */
function headerOf(raw: string, name: string): string {
  const [head = ''] = raw.split('\r\n\r\n')
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  const found = lines.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `)) ?? ''
  return found
    .slice(name.length + 2)
    .replace(/\?= =\?/g, '?==?')
    .replace(/=\?UTF-8\?Q\?(.*?)\?=/g, (_, text: string) =>
      decodeURIComponent(text.replaceAll('_', ' ').replaceAll('%', '%25').replaceAll('=', '%')),
    )
}

function failure(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}
