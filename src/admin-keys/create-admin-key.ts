import type { Secret } from '@doorward/sdk/kernel'
import type { Origin } from '../audit/audit-event.ts'
import { newId } from '../base/id.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import { type Caller, environmentsOf } from '../management/caller.ts'
import { SHOWS_METADATA, UNBOUND_ONLY, WITHIN_ENVIRONMENTS } from '../management/permission.ts'
import { issueSecret, storeSecret } from '../secrets/issue-secret.ts'
import { insertAdminKey } from './admin-key.store.ts'
import type { AdminKeyRights } from './admin-key.ts'

export interface NewAdminKey extends AdminKeyRights {
  readonly name: string
  readonly expiresAt: Date | null
}

/** Creates an admin key with at most the rights of its creator (no privilege escalation). */
export async function createAdminKey(
  tx: Tx,
  caller: Caller,
  brand: string | null,
  asked: NewAdminKey,
): Promise<Result<{ id: string; secret: Secret }, Problem>> {
  const beyond = asked.permissions.filter((permission) => !caller.permissions.has(permission))
  if (beyond.length > 0)
    return no(
      problem(
        'exceeds_authority',
        `Your own admin key lacks ${beyond.map((name) => `\`${name}\``).join(', ')}.`,
      ),
    )
  const wider = whyWider(caller, asked)
  if (wider !== null) return no(problem('exceeds_authority', wider))
  const global = asked.permissions.filter((permission) => UNBOUND_ONLY.has(permission))
  if (asked.ownerId !== null && global.length > 0)
    return no(
      problem('exceeds_authority', `A key bound to one owner cannot have \`${global.join('`, `')}\`.`),
    )
  const unfit = whyUnfit(asked)
  if (unfit !== null) return no(problem('exceeds_authority', unfit))
  if (outlives(asked.expiresAt, caller)) return no(problem('exceeds_authority', tooLong(caller)))
  if (asked.expiresAt !== null && asked.expiresAt <= caller.now)
    return no(problem('expiry_in_past', `It is ${caller.now.toISOString()} here. Choose a later moment.`))

  const id = await addAdminKey(tx, caller, asked)
  const order = {
    kind: 'admin_key',
    holderId: id,
    environment: null,
    brand,
    expiresAt: asked.expiresAt,
  } as const
  const { secret, hint } = await issueSecret(tx, order, caller.now)
  await recordCreated(tx, caller, id, hint, asked)
  return yes({ id, secret })
}

/** Reason why bounds and permissions of a key do not go together. */
function whyUnfit({ permissions, environments, hidesMetadata }: AdminKeyRights): string | null {
  const beyond =
    environments === null ? [] : permissions.filter((permission) => !WITHIN_ENVIRONMENTS.has(permission))
  if (beyond.length > 0) return `A key bound to environments cannot have \`${beyond.join('`, `')}\`.`
  const showing = hidesMetadata ? permissions.filter((permission) => SHOWS_METADATA.has(permission)) : []
  return showing.length === 0 ? null : `A key without metadata cannot have \`${showing.join('`, `')}\`.`
}

/** Reason why a key would see or reach more than its creator, whatever its permissions. */
export function whyWider(
  { reach, seesMetadata }: Caller,
  { environments, hidesMetadata }: Pick<AdminKeyRights, 'environments' | 'hidesMetadata'>,
): string | null {
  const within = environmentsOf(reach)
  if (within !== null && !environments?.every((name) => within.includes(name)))
    return `You are bound to \`${within.join('`, `')}\`: name no other in \`environments\`.`
  return seesMetadata || hidesMetadata ? null : 'You see no metadata: set `hides_metadata`.'
}

/** True where a new credential would outlive what its caller may create. */
export function outlives(expiresAt: Date | null, caller: Pick<Caller, 'latestExpiry'>): boolean {
  return caller.latestExpiry !== null && (expiresAt === null || expiresAt > caller.latestExpiry)
}

function tooLong({ latestExpiry }: Caller): string {
  return `Your own admin key expires at ${latestExpiry?.toISOString()}. Choose that moment or an earlier one.`
}

/** Registers an admin key whose secret was minted elsewhere: at the first start, or for recovery. */
export async function registerAdminKey(
  tx: Tx,
  origin: Origin,
  secret: Secret,
  asked: NewAdminKey,
): Promise<string> {
  const id = await addAdminKey(tx, origin, asked)
  const { hint } = await storeSecret(tx, secret, { holderId: id, expiresAt: asked.expiresAt }, origin.now)
  await recordCreated(tx, origin, id, hint, asked)
  return id
}

async function addAdminKey(
  tx: Tx,
  origin: Origin,
  { name, permissions, ownerId, environments, hidesMetadata }: NewAdminKey,
): Promise<string> {
  const id = newId('adm')
  const createdBy = origin.actor.id ?? origin.actor.kind
  const rights = { permissions, ownerId, environments, hidesMetadata }
  await insertAdminKey(tx, { id, name, ...rights, createdBy, createdAt: origin.now })
  return id
}

async function recordCreated(
  tx: Tx,
  origin: Origin,
  id: string,
  hint: string,
  asked: NewAdminKey,
): Promise<void> {
  const { name, permissions, ownerId, environments, hidesMetadata } = asked
  await record(tx, origin, {
    action: 'admin_key.created',
    target: { id, ownerId },
    detail: {
      ...{ hint, name, permissions },
      ...(environments === null ? {} : { environments }),
      ...(hidesMetadata ? { hides_metadata: true } : {}),
    },
    altersVerdictsOf: { holderId: id },
  })
}
