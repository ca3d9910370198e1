import type { Static } from 'typebox'
import type { KeyFilterWire } from '../../../src/keys/key-list.wire.ts'

/** The filters of keys, of a list as of a change of many. */
export const KEY_FILTER = [
  'q',
  'owner_id',
  'environment',
  'state',
  'scope',
  'created_by',
  'never_used',
  'no_expiry',
  'unused_since',
  'expiring_before',
  'rotation_due_before',
  'exposed',
  'over_scoped',
] as const satisfies readonly (keyof Static<typeof KeyFilterWire>)[]

/** The parameters of `GET /v1/keys` that a screen sets; the rest is paging. */
export const KEY_PARAMETERS = [...KEY_FILTER, 'secret_sha256', 'sort'] as const
export type KeyParameter = (typeof KEY_PARAMETERS)[number]
