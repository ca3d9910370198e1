import { connect, type Socket } from 'node:net'
import { withoutCredentials } from '@doorward/sdk/kernel'
import { createTransport } from 'nodemailer'
import type { MailBrand, MailContent } from './mail-content.ts'
import { plainLine } from './plain-line.ts'
import { LOGO_CID, renderHtml } from './render-html.ts'
import { renderText } from './render-text.ts'
import { isLocal, isMailAddress, type SmtpSettings } from './smtp-settings.ts'

/** A mail to one recipient: each is accepted or refused by itself. */
export interface Mail {
  readonly to: string
  readonly content: MailContent
  readonly brand: MailBrand
  /** The same at every attempt, so that mail programs show a second copy as the first. */
  readonly messageId: string
  readonly at: Date
}

/**
 * The end of an attempt. `refused`: the server refused this recipient for good. `failed`: it may work later.
 * `unreachable`: likewise, and for every other mail too.
 */
export interface MailOutcome {
  readonly result: 'sent' | 'refused' | 'failed' | 'unreachable'
  /** Answer of the mail server, or the fault before one; at most {@link MAX_ANSWER_LENGTH} characters. */
  readonly answer: string
}

export interface Mailer {
  readonly settings: SmtpSettings
  send(mail: Mail): Promise<MailOutcome>
}

export interface MailLimits {
  readonly connectMs: number
  /** For each answer of the server. */
  readonly answerMs: number
  /** For the whole attempt: a server that sends a byte now and then is within the others. */
  readonly totalMs: number
}

const LIMITS: MailLimits = { connectMs: 5_000, answerMs: 10_000, totalMs: 25_000 }
export const MAX_ANSWER_LENGTH = 300
const MAX_ANSWER_BYTES = 8_192

/**
 * Hands mails over to one mail server, each over a connection of its own: a server that hangs, drips or talks without end
 * costs one attempt and a bounded time.
 *
 * @param ownName the host by which this server introduces itself
 */
export function openMailer(settings: SmtpSettings, ownName: string, limits: MailLimits = LIMITS): Mailer {
  return { settings, send: (mail) => sendOne(settings, ownName, limits, mail) }
}

async function sendOne(
  settings: SmtpSettings,
  ownName: string,
  limits: MailLimits,
  mail: Mail,
): Promise<MailOutcome> {
  if (!isMailAddress(mail.to))
    return { result: 'refused', answer: 'not an address that mails can be sent to' }
  const socket = connect({ host: settings.host, port: settings.port })
  const timer = setTimeout(() => socket.destroy(new Error(TOO_LONG)), limits.totalMs)
  const stepTimer = setTimeout(
    () => socket.connecting && socket.destroy(new Error('the connection took too long')),
    limits.connectMs,
  )
  try {
    await connected(socket)
    const { response } = await transportOver(socket, settings, ownName, limits).sendMail(
      messageOf(settings, mail),
    )
    return { result: 'sent', answer: shownAnswer(response) }
  } catch (error) {
    return outcomeOf(error)
  } finally {
    clearTimeout(timer)
    clearTimeout(stepTimer)
    socket.destroy()
  }
}

const TOO_LONG = 'the mail server took too long'

async function connected(socket: Socket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', (error) => reject(new Unreachable(error.message)))
    socket.once('close', () => reject(new Unreachable('the connection was closed')))
  })
  // Errors after this arrive through the transport; without a listener they would end the process.
  socket.on('error', () => {})
}

class Unreachable extends Error {}

function transportOver(socket: Socket, settings: SmtpSettings, ownName: string, limits: MailLimits) {
  const { host, port, isSecure, login } = settings
  return createTransport({
    ...{ host, port, secure: isSecure, requireTLS: !isSecure && !isLocal(host), name: ownName },
    ...(login === null ? {} : { auth: { user: login.user, pass: login.password.reveal() } }),
    getSocket: (_, callback) => callback(null, { connection: socket }),
    connectionTimeout: limits.connectMs,
    greetingTimeout: limits.answerMs,
    socketTimeout: limits.answerMs,
    maxResponseSize: MAX_ANSWER_BYTES,
    // Nothing of a mail may name a file or a URL that is then read.
    disableFileAccess: true,
    disableUrlAccess: true,
    tls: { minVersion: 'TLSv1.2' },
  })
}

function messageOf({ from }: SmtpSettings, { to, content, brand, messageId, at }: Mail) {
  const { logo } = brand
  const image =
    logo === null
      ? []
      : [
          {
            cid: LOGO_CID,
            filename: 'logo',
            content: logo.content,
            contentType: logo.type,
            contentDisposition: 'inline' as const,
          },
        ]
  return {
    // Given apart from the headers, so that no text of a header can become a recipient.
    envelope: { from, to: [to] },
    from: { name: plainLine(brand.name), address: from },
    to: { name: '', address: to },
    subject: plainLine(content.subject),
    messageId,
    date: at,
    text: renderText(content, brand),
    html: renderHtml(content, brand),
    attachments: image,
    headers: {
      // No out-of-office answers to these (RFC 3834 §5).
      'Auto-Submitted': 'auto-generated',
    },
  }
}

interface SmtpError extends Error {
  readonly code?: string
  readonly command?: string
  readonly response?: string
  readonly responseCode?: number
}

function outcomeOf(error: unknown): MailOutcome {
  const { code, command, response, responseCode, message } = error as SmtpError
  const answer = shownAnswer(response ?? message)
  if (command === 'RCPT TO' && responseCode !== undefined && responseCode >= 500)
    return { result: 'refused', answer }
  const isOfThisMail = responseCode !== undefined && (code === 'EENVELOPE' || code === 'EMESSAGE')
  return { result: isOfThisMail ? 'failed' : 'unreachable', answer }
}

/** The server may answer anything; login names and secrets that it repeats are left out. */
function shownAnswer(text: string): string {
  return withoutCredentials(plainLine(text.slice(0, MAX_ANSWER_BYTES))).slice(0, MAX_ANSWER_LENGTH)
}
