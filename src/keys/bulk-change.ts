import { currentSecret } from '../secrets/secret.ts'
import {
  asDisabledBy,
  isSooner,
  type Key,
  type KeyRefusal,
  whyNotChangeExpiry,
  whyNotChangeKey,
  whyNotDisableKey,
  whyNotEnableKey,
  whyNotRevokeKey,
} from './key.ts'

/** One change for many keys. */
export type BulkChange =
  | { readonly verb: 'disable' | 'enable' }
  | { readonly verb: 'revoke'; readonly reason: string }
  | { readonly verb: 'shorten-expiry'; readonly expiresAt: Date }
  | { readonly verb: 'remove-scope'; readonly scope: string }

export type Expected = 'changed' | 'unchanged' | KeyRefusal

/** The effect of a change on a key, by the rules of the single changes. */
export function effectOn(key: Key, change: BulkChange, now: Date): Expected {
  switch (change.verb) {
    case 'disable': {
      const why = whyNotDisableKey(key)
      return why === null ? 'changed' : why.code === 'already_disabled' ? 'unchanged' : why
    }
    case 'enable': {
      const why = whyNotEnableKey(asDisabledBy(now, key))
      return why === null ? 'changed' : why.code === 'not_disabled' ? 'unchanged' : why
    }
    case 'revoke':
      return whyNotRevokeKey(key) === null ? 'changed' : 'unchanged'
    case 'shorten-expiry': {
      const { expiresAt } = currentSecret(key.secrets)
      const why = whyNotChangeExpiry(key, now)
      if (why !== null) return why
      return isSooner(change.expiresAt, expiresAt) ? 'changed' : 'unchanged'
    }
    case 'remove-scope':
      return whyNotChangeKey(key) ?? (key.scopes.includes(change.scope) ? 'changed' : 'unchanged')
  }
}
