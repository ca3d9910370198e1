import { type Static, Type } from 'typebox'
import { nullable } from '../http/wire.ts'
import type { ChosenPolicy, ConfiguredPolicy } from './policy.ts'

const MaxLifetimeSeconds = nullable(
  Type.Integer({
    minimum: 60,
    maximum: 3_155_760_000,
    description:
      "Longest lifetime of a secret, instead of the environment's or the configuration's. null: as these say",
  }),
)
const MaxKeys = nullable(
  Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    description:
      "Keys that are neither revoked nor expired, instead of the environment's or the configuration's. null: as these say",
  }),
)

/** Fields of an answer. */
export const OwnPolicyFields = { max_lifetime_seconds: MaxLifetimeSeconds, max_keys: MaxKeys }

/** Fields of a request. A missing field stays as it was. */
export const AskedOwnPolicyFields = {
  max_lifetime_seconds: Type.Optional(MaxLifetimeSeconds),
  max_keys: Type.Optional(MaxKeys),
}

export function fromOwnPolicyFields(body: {
  max_lifetime_seconds?: Static<typeof MaxLifetimeSeconds>
  max_keys?: Static<typeof MaxKeys>
}): ChosenPolicy {
  return { maxLifetimeSeconds: body.max_lifetime_seconds, maxKeys: body.max_keys }
}

/** As the table, the wire and the audit log have it; only the chosen fields. */
export function toOwnPolicyFields({ maxLifetimeSeconds, maxKeys }: ChosenPolicy) {
  return {
    ...(maxLifetimeSeconds === undefined ? {} : { max_lifetime_seconds: maxLifetimeSeconds }),
    ...(maxKeys === undefined ? {} : { max_keys: maxKeys }),
  }
}

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
