import { type Static, type TSchema, Type } from 'typebox'
import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from '../http/problem.ts'
import { idOf, iso, Moment, nullable, oneOf, strictObject } from '../http/wire.ts'
import { currentSecret } from '../secrets/secret.ts'
import type { BulkChange } from './bulk-change.ts'
import { type BulkRequest, type BulkResult, type BulkToken, MOST_AT_ONCE } from './bulk-keys.ts'
import { lastUse, stateOf } from './key.ts'
import { KeyWire, State } from './key.wire.ts'
import { fromKeyQuery, KeyFilterWire } from './key-list.wire.ts'

const TOKEN = /^(bat_[A-Za-z0-9]{20})\.(-|key_[A-Za-z0-9]{1,40})\.([0-9]{1,5})\.([A-Za-z0-9_-]{43})$/

const BulkBody = {
  ids: Type.Optional(Type.Array(idOf('key'), { minItems: 1, maxItems: MOST_AT_ONCE, uniqueItems: true })),
  filter: Type.Optional(KeyFilterWire),
  dry_run: Type.Optional(
    Type.Boolean({ default: false, description: 'Change nothing; return what would happen' }),
  ),
  token: Type.Optional(
    Type.String({ pattern: TOKEN.source, description: 'With a filter: of its dry run, then `next_token`' }),
  ),
  batch_id: Type.Optional(idOf('bat')),
}

/** The body of a bulk change, with the fields of its own. */
export function bulkBody<T extends Record<string, TSchema>>(own: T) {
  return strictObject({ ...BulkBody, ...own })
}

const BulkItemWire = Type.Object({
  id: Type.String(),
  outcome: oneOf(['changed', 'unchanged', 'refused', 'not_found']),
  code: nullable(Type.String({ description: 'Of the problem, where it is refused' })),
  detail: nullable(Type.String()),
  key: nullable(
    Type.Object({
      owner_id: Type.String(),
      owner_name: nullable(Type.String()),
      name: Type.String(),
      hint: Type.String(),
      environment: Type.String(),
      state: State,
      scopes: KeyWire.properties.scopes,
      expires_at: nullable(Moment),
      last_used_at: nullable(Moment),
      calls_last_day: Type.Integer(),
    }),
  ),
})

export const BulkKeysWire = Type.Object(
  {
    dry_run: Type.Boolean(),
    batch_id: nullable(Type.String({ description: 'In the detail of each audit event' })),
    counts: Type.Object({
      matched: Type.Integer({ description: 'Dry run: of all; else of this request' }),
      changed: Type.Integer({ description: 'Dry run: that would change' }),
      unchanged: Type.Integer(),
      refused: Type.Integer(),
      used_last_day: Type.Integer(),
      owners: Type.Integer(),
    }),
    data: Type.Array(BulkItemWire, {
      description: `Dry run: at most ${MOST_AT_ONCE}, the latest used first; else all of this request`,
    }),
    token: nullable(Type.String({ description: 'Of a dry run with a filter, to be sent with the real run' })),
    next_token: nullable(Type.String({ description: 'Repeat the request with it, until it is null' })),
    remaining: Type.Integer(),
  },
  { title: 'BulkChange' },
)

type AnyBulkBody = Static<ReturnType<typeof bulkBody<Record<never, TSchema>>>>

export function fromBulkWire(body: AnyBulkBody, change: BulkChange): Result<BulkRequest, Problem> {
  const { ids, filter, dry_run: dryRun = false } = body
  const keys = ids === undefined ? (filter === undefined ? null : { filter: fromKeyQuery(filter) }) : { ids }
  if (keys === null || (ids !== undefined && filter !== undefined))
    return no(problem('invalid_request', 'Give `ids` or `filter`, one of the two.'))
  if (filter !== undefined && Object.keys(filter).length === 0)
    return no(problem('invalid_request', 'An empty filter would be every key. Give it a parameter.'))
  return yes({ change, keys, dryRun, token: readToken(body.token), batch: body.batch_id ?? null })
}

function readToken(text: string | undefined): BulkToken | null {
  const [, batch, after, count, fingerprint] = TOKEN.exec(text ?? '') ?? []
  if (batch === undefined || after === undefined || fingerprint === undefined) return null
  return { batch, after: after === '-' ? '' : after, count: Number(count), fingerprint }
}

function writeToken({ batch, after, count, fingerprint }: BulkToken): string {
  return `${batch}.${after === '' ? '-' : after}.${count}.${fingerprint}`
}

export function toBulkWire(done: BulkResult, dryRun: boolean, now: Date) {
  const { ownerNames, calls } = done.about
  const next = done.next === null ? null : writeToken(done.next)
  return {
    dry_run: dryRun,
    batch_id: done.batch,
    counts: {
      matched: done.matched,
      changed: done.changed,
      unchanged: done.unchanged,
      refused: done.refused,
      used_last_day: done.usedLastDay,
      owners: done.owners,
    },
    data: done.items.map(({ id, outcome, why, key }) => ({
      id,
      outcome,
      code: why?.code ?? null,
      detail: why?.detail ?? null,
      key: key && {
        owner_id: key.ownerId,
        owner_name: ownerNames.get(key.ownerId) ?? null,
        name: key.name,
        hint: currentSecret(key.secrets).hint,
        environment: key.environment,
        state: stateOf(key, now),
        scopes: key.scopes,
        expires_at: iso(currentSecret(key.secrets).expiresAt),
        last_used_at: iso(lastUse(key)?.lastUsedAt ?? null),
        calls_last_day: calls.get(id) ?? 0,
      },
    })),
    token: dryRun ? next : null,
    next_token: dryRun ? null : next,
    remaining: done.remaining,
  }
}
