import type { AuditAction, AuditDetail } from './audit-action.ts'

/** Actor, address, request and moment of a change. */
export interface Origin {
  readonly actor: Actor
  /** From the trusted-proxy chain; null where there is no request. */
  readonly ip: string | null
  readonly requestId: string | null
  readonly now: Date
  /** The finding that the change is a remedy of; in the detail of each of its events. */
  readonly finding?: string | undefined
}

export interface Actor {
  readonly kind: 'admin_key' | 'api_key' | 'user' | 'staff' | 'anonymous' | 'system'
  readonly id: string | null
}

/** The origin of the server's own changes. */
export function systemOrigin(now: Date): Origin {
  return { actor: { kind: 'system', id: null }, ip: null, requestId: null, now }
}

/** The object of an action, such as a key: its id, and the owner of the data. */
export interface Target {
  readonly id: string | null
  readonly ownerId: string | null
}

/** An action with its target and detail, as a use case records it. */
export type NewEvent<A extends AuditAction = AuditAction> = A extends AuditAction
  ? { readonly action: A; readonly target: Target } & DetailMember<AuditDetail<A>>
  : never

/** Can be left out where nothing in it is required. */
type DetailMember<Detail> = object extends Detail ? { readonly detail?: Detail } : { readonly detail: Detail }

/** An action with its target and detail, as an event holds it. */
export interface Happening {
  /** Of the table, or one of the former names in it. */
  readonly action: string
  readonly result: 'done' | 'refused'
  readonly ownerId: string | null
  readonly targetId: string | null
  /** Evidence. Never a secret; hints and ids only. */
  readonly detail: Readonly<Record<string, unknown>>
}

export interface AuditEvent extends Happening {
  /** 1, 2, 3 … without a gap. */
  readonly seq: number
  readonly id: string
  readonly at: Date
  readonly actor: Actor
  readonly ip: string | null
  readonly requestId: string | null
  readonly hash: Uint8Array
}

/** A place in the chain: the number of an event, and its hash. */
export interface Link {
  readonly seq: number
  readonly hash: Uint8Array
}

/** JSON with the keys of every object sorted. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part) && !(part instanceof Date)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
