import { withoutCredentials } from '@doorward/sdk/kernel'
import type { MailContent, MailPart } from '../mail/mail-content.ts'
import { autoRotationAt } from '../owners/auto-rotation.ts'
import type { StoredSecret } from '../secrets/secret.ts'
import type { NoticeHolder } from './holder.store.ts'
import type { HolderKind, Notice } from './notice.ts'

/** A notice with what it is about, as it is when the mail is written. */
export interface ToldNotice {
  readonly notice: Notice
  readonly holder: NoticeHolder
  /** Of the holder. */
  readonly secrets: readonly StoredSecret[]
}

/** Items of one mail; more are counted. */
const MAX_ITEMS = 50

/**
 * The mail about some notices of one owner. Names and user agents are others' words: what looks like a credential in them
 * is left out, and the renderers make each a single line.
 *
 * @param total notices of the mail, of which these are the nearest to their end
 * @param audience `contacts` get everything of the owner, a maker what the maker made
 */
export function contentOf(
  told: readonly ToldNotice[],
  total: number,
  { ownerName, audience }: { readonly ownerName: string | null; readonly audience: 'contacts' | 'maker' },
  now: Date,
): MailContent {
  const shown = told.slice(0, MAX_ITEMS)
  const items = shown.map((each) => itemOf(each, now))
  const rest = total - shown.length
  const whose = ownerName === null ? '' : ` of ${clean(ownerName)}`
  return {
    subject: subjectOf(told, total, whose, now),
    parts: [
      { kind: 'text', text: introductionTo(told, total) },
      ...items,
      ...(rest > 0 ? [{ kind: 'text', text: `And ${rest} more.` } as const] : []),
      ...(shown.some(({ notice }) => notice.cause !== 'expired')
        ? [
            {
              kind: 'text',
              text: 'A credential that is renewed or replaced before then gets no further notice.',
            } as const,
          ]
        : []),
      ...(ownerName === null
        ? [{ kind: 'link', words: 'Open the dashboard', path: '/dashboard/' } as const]
        : []),
    ],
    because:
      audience === 'contacts'
        ? `You get this because your address is a notice contact${whose || ' of the API provider'}.`
        : 'You get this because you made this credential.',
  }
}

function subjectOf(told: readonly ToldNotice[], total: number, whose: string, now: Date): string {
  const [first] = told
  if (first === undefined) return `Notices${whose}`
  if (total > 1) return `${total} credentials${whose} need your attention`
  const { notice, holder } = first
  const what = `${KINDS[notice.holderKind]} "${clean(holder.name)}"`
  switch (notice.cause) {
    case 'expires':
      return `${what} expires ${inDays(notice.endsAt, now)}`
    case 'expired':
      return `${what} has expired`
    case 'overlap_ends':
      return `The old secret of ${lowerFirst(what)} is still in use and stops working ${inDays(notice.endsAt, now)}`
    case 'rotation_due':
    case 'idle':
    case 'no_allow_list':
      return `${what} will be disabled ${inDays(notice.endsAt, now)}`
  }
}

function introductionTo(told: readonly ToldNotice[], total: number): string {
  if (total > 1) return 'These credentials end soon, or have ended. The nearest end comes first.'
  switch (told[0]?.notice.cause) {
    case 'overlap_ends':
      return 'It was rotated, and callers still use the old secret. Move these callers to the new one before the old one stops working.'
    case 'expired':
      return 'Requests with it are refused since then. If its callers are still needed, make a new one for them.'
    case 'rotation_due':
      return 'It has had the same secret for as long as the policy allows. Rotate it before then: it is disabled otherwise.'
    case 'idle':
      return 'It has not been used for long, and the policy disables what is not used. If it is still needed, use it or enable it again.'
    case 'no_allow_list':
      return 'It can be used from anywhere, and the policy asks for an allow-list of addresses. Give it one before then: it is disabled otherwise.'
    default:
      return 'Rotate it before then, and move its callers to the new secret: both work during the overlap.'
  }
}

function itemOf({ notice, holder, secrets }: ToldNotice, now: Date): MailPart {
  const { cause, endsAt } = notice
  const environment = holder.environment === null ? '' : ` (${holder.environment})`
  const what = `${KINDS[notice.holderKind]} "${clean(holder.name)}"${environment}`
  const secret = secrets.find(({ id }) => id === notice.subjectId) ?? secrets[0]
  const facts = [`${VERBS[cause]} ${shownMoment(endsAt)}${endsAt > now ? `, ${inDays(endsAt, now)}` : ''}.`]
  if (secret !== undefined) facts.push(`${holder.id}, secret ${secret.hint}`)
  if (secret !== undefined && cause === 'overlap_ends') {
    const next = secrets.find(({ revokedAt, retiresAt }) => revokedAt === null && retiresAt === null)
    facts.push(`Move these callers: last ${callerOf(secret, now)}.`)
    facts.push(
      next?.lastUsedAt == null
        ? 'The new secret has not been used yet.'
        : `The new secret was used ${ago(next.lastUsedAt, now)}.`,
    )
  } else if (secret !== undefined)
    facts.push(secret.lastUsedAt === null ? 'No use of it is known.' : `Last used ${callerOf(secret, now)}.`)
  const missedAt = cause === 'expires' || cause === 'rotation_due' ? autoRotationAt(holder, secrets) : null
  if (missedAt !== null)
    facts.push(
      `It should have rotated itself on ${shownMoment(missedAt)}, and has not: look at the program that uses it.`,
    )
  return { kind: 'item', title: what, facts, isUrgent: notice.tier <= 1 || cause === 'overlap_ends' }
}

const KINDS: Readonly<Record<HolderKind, string>> = {
  key: 'API key',
  client: 'Client secret of',
  admin_key: 'Admin key',
}

const VERBS: Readonly<Record<Notice['cause'], string>> = {
  expires: 'Expires on',
  expired: 'Expired on',
  overlap_ends: 'The old secret stops working on',
  rotation_due: 'Is to be rotated, or will be disabled on',
  idle: 'Will be disabled as unused on',
  no_allow_list: 'Will be disabled without an allow-list on',
}

/** `from 203.0.113.9, exporter/1.4, 2 h ago`. */
function callerOf({ lastUsedAt, lastUsedIp, lastUsedUserAgent }: StoredSecret, now: Date): string {
  return [
    `from ${lastUsedIp ?? 'an unknown address'}`,
    ...(lastUsedUserAgent === null ? [] : [clean(lastUsedUserAgent).slice(0, 100)]),
    ...(lastUsedAt === null ? [] : [ago(lastUsedAt, now)]),
  ].join(', ')
}

/** Others' words in a mail. */
function clean(text: string): string {
  return withoutCredentials(text)
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

function ago(at: Date, now: Date): string {
  const ms = Math.max(0, now.getTime() - at.getTime())
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min ago`
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h ago`
  return `${Math.floor(ms / DAY_MS)} days ago`
}

function inDays(at: Date, now: Date): string {
  const ms = Math.max(0, at.getTime() - now.getTime())
  if (ms < 2 * HOUR_MS) return `in ${Math.ceil(ms / MINUTE_MS)} min`
  // The job comes some minutes after a tier.
  const days = Math.round(ms / DAY_MS)
  if (ms < DAY_MS - HOUR_MS) return `in ${Math.ceil(ms / HOUR_MS)} h`
  return days === 1 ? 'in 1 day' : `in ${days} days`
}

/** `8 January 2030, 12:00 UTC`. */
function shownMoment(at: Date): string {
  const day = at.toLocaleDateString('en-GB', {
    timeZone: 'UTC',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  })
  return `${day}, ${at.toISOString().slice(11, 16)} UTC`
}
