import { withoutCredentials } from '@doorward/sdk/kernel'
import type { MailContent, MailPart } from '../mail/mail-content.ts'
import { FINDING_KINDS, type FindingKind } from './finding.ts'
import type { ToldKind } from './finding-mail.store.ts'

/** Words of each kind, and what to do. */
const WORDS: Readonly<Record<FindingKind, readonly [title: string, advice: string]>> = {
  no_expiry: ['Without an expiry', 'Set one, so that a forgotten credential ends by itself.'],
  not_rotated: ['Not rotated for long', 'Rotate them: both secrets work during the overlap.'],
  never_used: ['Never used', 'Revoke what nobody needs.'],
  unused: ['Not used for long', 'Disable them, and revoke them when nobody misses them.'],
  over_scoped: ['With scopes that are not used', 'Take away the scopes that were not exercised.'],
  rotation_overdue: [
    'Rotated, and the old secret is still in use',
    'Move the callers that use the old secret, then finish the rotation.',
  ],
  new_network: ['Used from a network for the first time', 'Find out who calls from there.'],
  foreign_network: [
    'Used from a network of another environment',
    'Give these callers a key of the right environment.',
  ],
  exposed: ['Seen in a URL', 'Rotate them now: URLs end up in logs.'],
  over_permitted: ['Admin keys with permissions that are not used', 'Replace them with narrower ones.'],
  mail_given_up: ['Mails that could not be sent', 'Check the addresses and the mail server.'],
}

const URGENT: ReadonlySet<FindingKind> = new Set(['exposed', 'rotation_overdue', 'foreign_network'])

/**
 * The weekly mail about what needs attention. Names are others' words: what looks like a credential in them is left out,
 * and the renderers make each a single line.
 */
export function findingsContent(
  told: readonly ToldKind[],
  names: ReadonlyMap<string, string>,
  ownerName: string | null,
): MailContent {
  const urgentFirst = FINDING_KINDS.toSorted((a, b) => Number(URGENT.has(b)) - Number(URGENT.has(a)))
  const items = urgentFirst.flatMap((kind) => told.filter((each) => each.kind === kind)).map(itemOf)
  const total = told.reduce((sum, { count }) => sum + count, 0)
  const whose = ownerName === null ? '' : ` of ${withoutCredentials(ownerName)}`
  const things = total === 1 ? '1 thing' : `${total} things`
  return {
    subject: `${things}${whose} ${total === 1 ? 'needs' : 'need'} attention`,
    parts: [
      { kind: 'text', text: 'Each week, for as long as something is open. What is most urgent comes first.' },
      ...items,
      ...(ownerName === null
        ? [{ kind: 'link', words: 'Open the dashboard', path: '/dashboard/' } as const]
        : []),
    ],
    because:
      ownerName === null
        ? 'You get this because you are an administrator.'
        : `You get this because your address is a notice contact${whose}.`,
  }

  function itemOf({ kind, count, holderIds }: ToldKind): MailPart {
    const [title, advice] = WORDS[kind]
    const named = [...new Set(holderIds)].map((id) => `${withoutCredentials(names.get(id) ?? id)} (${id})`)
    const rest = count - holderIds.length
    return {
      kind: 'item',
      title: `${title}: ${count}`,
      facts: [...named, ...(rest > 0 ? [`and ${rest} more`] : []), advice],
      isUrgent: URGENT.has(kind),
    }
  }
}
