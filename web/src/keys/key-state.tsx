import { Badge } from '../ui/notice.tsx'
import { msOf } from '../ui/time.tsx'
import { oneKeyWords } from '../words/key.ts'
import { keyWords } from '../words/keys.ts'
import { exactWords } from '../words/time-words.ts'
import type { KeyRow } from './keys.queries.ts'

const KINDS = {
  active: 'good',
  disabled: 'warn',
  suspended: 'warn',
  expired: 'plain',
  revoked: 'alert',
} as const

export function KeyState({ state }: { readonly state: KeyRow['state'] }) {
  return <Badge kind={KINDS[state]}>{keyWords.states[state]}</Badge>
}

/** The state of a key in a sentence: what it is, since when, and what that means. */
export function stateSentence(key: KeyRow): string {
  const words = oneKeyWords.sentence
  const at = (moment: KeyRow['expires_at']) => (moment === null ? '' : exactWords(msOf(moment)))
  switch (key.state) {
    case 'active':
      return key.disables_at === null
        ? words.active
        : `${words.active} ${words.disables(at(key.disables_at), key.disables_by)}`
    case 'disabled':
      return words.disabled(at(key.disabled_at), key.disabled_by)
    case 'suspended':
      return words.suspended
    case 'expired':
      return words.expired(at(key.expires_at))
    case 'revoked':
      return words.revoked(at(key.revoked_at), key.revoked_reason ?? '')
  }
}
