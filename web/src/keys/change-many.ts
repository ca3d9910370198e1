import type { Permission } from '../../../src/management/permission.ts'
import { KEY_FILTER } from './key-parameters.ts'

/** Most keys that one request names; more are changed by a filter. */
export const MOST_CHOSEN = 100

/** The address of the page: which keys, by ids or a filter, and what to do with them. */
export const MANY_PARAMETERS = [...KEY_FILTER, 'ids', 'act', 'expires_at', 'remove_scope'] as const
type ManyQuery = Readonly<Partial<Record<(typeof MANY_PARAMETERS)[number], string>>>

export const MANY_ACTS = ['disable', 'enable', 'revoke', 'shorten-expiry', 'remove-scope'] as const
export type ManyAct = (typeof MANY_ACTS)[number]

export const NEEDS: Readonly<Record<ManyAct, Permission>> = {
  disable: 'keys:revoke',
  enable: 'keys:revoke',
  revoke: 'keys:revoke',
  'shorten-expiry': 'keys:write',
  'remove-scope': 'keys:write',
}

/** Chosen keys, or the filter of a list; null: neither is in the address. */
export type WhichKeys =
  | { readonly ids: readonly string[] }
  | { readonly filter: Readonly<Record<string, string>> }

export function whichKeys(query: ManyQuery): WhichKeys | null {
  const ids = idsOf(query.ids)
  if (ids.length > 0) return { ids }
  const filter = Object.fromEntries(
    KEY_FILTER.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]]])),
  )
  return Object.keys(filter).length > 0 ? { filter } : null
}

/** `key_1.key_2`: a full stop is no part of an id, and stays as it is in an address. */
export function idsText(ids: Iterable<string>): string {
  return [...ids].join('.')
}

function idsOf(text = ''): readonly string[] {
  return [...new Set(text.split('.').filter((id) => id !== ''))].slice(0, MOST_CHOSEN)
}

export interface ManyRequest {
  readonly act: ManyAct
  readonly body: Readonly<Record<string, unknown>>
}

/** The request of the address; null while something is still to be chosen. */
export function manyRequest(which: WhichKeys, query: ManyQuery): ManyRequest | null {
  const act = MANY_ACTS.find((each) => each === query.act)
  const { expires_at, remove_scope: scope } = query
  if (act === undefined) return null
  if (act === 'shorten-expiry')
    return expires_at === undefined ? null : { act, body: { ...which, expires_at } }
  if (act === 'remove-scope') return scope === undefined ? null : { act, body: { ...which, scope } }
  return { act, body: which }
}
