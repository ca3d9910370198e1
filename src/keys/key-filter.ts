import { KEY_STATES, type KeyState } from './key.ts'

/** States in which a key is neither revoked nor expired: it works, or can be made to. */
export const LIVE_STATES = ['active', 'disabled', 'suspended'] as const satisfies readonly KeyState[]

/** Words for states in a filter. */
export const ASKED_STATES = ['live', ...KEY_STATES] as const
export type AskedState = (typeof ASKED_STATES)[number]

export const KEY_SORTS = ['created', 'last_used', 'expires', 'name'] as const
export type KeySort = (typeof KEY_SORTS)[number]

/** Orders of a list: the sorts that a caller can ask for, and those of some filters without one. */
export const KEY_ORDERS = [...KEY_SORTS, 'quiet', 'ended'] as const
export type OrderName = (typeof KEY_ORDERS)[number]

/**
 * The position of a key in a list: all values of the order. None is looked up by the id, whose key may be out of the
 * caller's reach.
 */
export interface KeyPosition {
  readonly order: OrderName
  /** Milliseconds, a day, or a folded name; null: later than any. */
  readonly at: number | string | null
  /** When the key was made, in milliseconds; null in orders without it. */
  readonly madeAt: number | null
  readonly id: string
}

/** Keys that a list shows, or a bulk change is for: those that match all members. */
export interface KeyFilter {
  /** In the name; or all of the owner's id or the key's; or the beginning of a hint. */
  readonly q?: string | undefined
  /** SHA-256 of a secret, in hex. */
  readonly secretSha256?: string | undefined
  readonly ownerId?: string | undefined
  readonly environment?: string | undefined
  readonly states?: readonly KeyState[] | undefined
  readonly scope?: string | undefined
  readonly createdBy?: string | undefined
  /** No use is known. Without a state: neither revoked nor expired. */
  readonly neverUsed?: boolean | undefined
  /** Without a state: neither revoked nor expired. */
  readonly noExpiry?: boolean | undefined
  /** Existed at that moment, and not used since; never used counts. Without a state: neither revoked nor expired. */
  readonly unusedSince?: Date | undefined
  /** Expires before then. Without a state: active only. */
  readonly expiringBefore?: Date | undefined
  /** Its rotation is due before then, by the policy. Without a state: active only. */
  readonly rotationDueBefore?: Date | undefined
  /** With a secret that still works and was seen in a URL. Without a state: neither revoked nor expired. */
  readonly exposed?: boolean | undefined
  /** Used lately, and not for each of its scopes. Without a state: neither revoked nor expired. */
  readonly overScoped?: boolean | undefined
}

export function statesOf(asked: readonly AskedState[]): readonly KeyState[] {
  const states = new Set(asked.flatMap((state) => (state === 'live' ? LIVE_STATES : [state])))
  return KEY_STATES.filter((state) => states.has(state))
}

/** States that a filter selects, its default included; null where it selects every state. */
export function statesAskedFor({
  states,
  expiringBefore,
  rotationDueBefore,
  unusedSince,
  neverUsed,
  noExpiry,
  exposed,
  overScoped,
}: KeyFilter): readonly KeyState[] | null {
  if (states !== undefined) return states
  if (expiringBefore !== undefined || rotationDueBefore !== undefined) return ['active']
  const isOfLive = [neverUsed, noExpiry, exposed, overScoped].includes(true) || unusedSince !== undefined
  return isOfLive ? LIVE_STATES : null
}
