import { Type } from 'typebox'
import { nullable } from '../http/wire.ts'
import type { ConfiguredPolicy } from './policy.ts'

/** The configuration's rules. */
export const ConfiguredPolicyWire = Type.Object({
  environments: Type.Array(Type.String(), { description: 'That keys can be made for' }),
  max_lifetime_seconds: nullable(Type.Integer({ description: 'null: a secret may have no expiry' })),
  max_keys: Type.Integer({ description: 'Keys of an owner that are neither revoked nor expired' }),
})

export function toConfiguredPolicyWire({
  environments,
  maxLifetimeSeconds,
  maxKeysPerOwner,
}: ConfiguredPolicy) {
  return { environments, max_lifetime_seconds: maxLifetimeSeconds, max_keys: maxKeysPerOwner }
}
