import { newId } from '../../base/id.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { seal } from '../../base/seal.ts'
import { record } from '../../changes/record.ts'
import type { Tx } from '../../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../../http/problem.ts'
import type { Caller } from '../../management/caller.ts'
import { whyNotGive } from '../change-staff.ts'
import { permissionsOf } from '../role.ts'
import { findStaff, lockAllStaff } from '../staff.store.ts'
import { endSessionsOfStaff, endSessionsWithoutSso } from '../staff-session.store.ts'
import { deleteSignInsWithoutSso } from '../staff-sign-in.store.ts'
import { deleteSingleSignOn, lockSingleSignOn, putRequired, putSingleSignOn } from './single-sign-on.store.ts'
import type { DefaultRole, SingleSignOn } from './single-sign-on.ts'
import { deleteIdentitiesOf, subjectOf } from './staff-identity.store.ts'

export interface SingleSignOnSettings {
  readonly issuer: string
  readonly clientId: string
  /** Null: a public client. Undefined: the stored one. */
  readonly clientSecret: string | null | undefined
  readonly domains: readonly string[]
  readonly defaultRole: DefaultRole
}

/** Where the client secret is kept. It cannot be unsealed for another issuer or client. */
export function contextOfSecret({ issuer, clientId }: Pick<SingleSignOn, 'issuer' | 'clientId'>): string {
  return JSON.stringify(['single_sign_on client secret', issuer, clientId])
}

/**
 * Sets the identity provider. What was tested stays as it is while single sign-on is required: a wrong client secret
 * would lock everybody out.
 */
export async function setSingleSignOn(
  tx: Tx,
  caller: Caller,
  { issuer, clientId, clientSecret, domains, defaultRole }: SingleSignOnSettings,
  sealKey: Buffer,
): Promise<Result<void, Problem>> {
  const beyond = domains.length === 0 ? null : whyNotGive(caller, defaultRole)
  if (beyond !== null) return no(beyond)
  const before = await lockSingleSignOn(tx)
  const isSameClient = before?.issuer === issuer && before.clientId === clientId
  const isTested = isSameClient && clientSecret === undefined
  if (before !== undefined && before.requiredSince !== null && !isTested) return no(REQUIRED)
  const names = { issuer, clientId }
  const sealed = typeof clientSecret === 'string' ? seal(sealKey, clientSecret, contextOfSecret(names)) : null
  await putSingleSignOn(tx, {
    ...names,
    version: newId('sso'),
    sealedClientSecret: isTested ? before.sealedClientSecret : sealed,
    domains,
    defaultRole,
    changedAt: caller.now,
    test: isTested ? before.test : null,
    requiredSince: isTested ? before.requiredSince : null,
  })
  await record(tx, caller, {
    action: 'single_sign_on.changed',
    target: TARGET,
    detail: {
      issuer,
      client_id: clientId,
      client_secret: isTested ? 'kept' : sealed === null ? 'none' : 'set',
      domains: [...domains],
      default_role: defaultRole,
    },
  })
  return yes(undefined)
}

export async function removeSingleSignOn(tx: Tx, caller: Caller): Promise<Result<void, Problem>> {
  const before = await lockSingleSignOn(tx)
  if (before === undefined) return no(NOT_CONFIGURED)
  if (before.requiredSince !== null) return no(REQUIRED)
  await deleteSingleSignOn(tx)
  await record(tx, caller, {
    action: 'single_sign_on.removed',
    target: TARGET,
    detail: { issuer: before.issuer, client_id: before.clientId },
  })
  return yes(undefined)
}

/**
 * Requires single sign-on: every other sign-in is refused from now on. Only what has let an administrator in can be
 * required, and only by a member whom it lets in. Sessions that began otherwise end, but for the caller's own.
 *
 * @param ownHash of the secret that the caller presented
 */
export async function requireSingleSignOn(
  tx: Tx,
  caller: Caller,
  ownHash: Uint8Array,
): Promise<Result<void, Problem>> {
  await lockAllStaff(tx)
  const before = await lockSingleSignOn(tx)
  if (before === undefined) return no(NOT_CONFIGURED)
  if (before.requiredSince !== null) return yes(undefined)
  if (!(await wasTestedByActive(tx, before))) return no(NOT_TESTED)
  const isStaff = caller.actor.kind === 'staff'
  if (isStaff && (await subjectOf(tx, caller.actor.id, before.issuer)) === undefined) return no(NOT_CONNECTED)
  await putRequired(tx, caller.now)
  await deleteSignInsWithoutSso(tx)
  const ended = await endSessionsWithoutSso(tx, ownHash, caller.now)
  await record(tx, caller, {
    action: 'single_sign_on.required',
    target: TARGET,
    detail: { issuer: before.issuer, sessions_ended: ended },
  })
  return yes(undefined)
}

/** True where the member who tested it may still change staff, and is still let in by it. */
async function wasTestedByActive(tx: Tx, { test, issuer }: SingleSignOn): Promise<boolean> {
  const tester = test === null ? undefined : await findStaff(tx, test.staffId)
  if (tester === undefined || tester.disabledAt !== null) return false
  if (!permissionsOf(tester.role).has('staff:write')) return false
  return (await subjectOf(tx, tester.id, issuer)) !== undefined
}

/** Accepts other sign-ins again. Idempotent. */
export async function stopRequiringSingleSignOn(tx: Tx, caller: Caller): Promise<Result<void, Problem>> {
  const before = await lockSingleSignOn(tx)
  if (before === undefined) return no(NOT_CONFIGURED)
  if (before.requiredSince === null) return yes(undefined)
  await putRequired(tx, null)
  await record(tx, caller, {
    action: 'single_sign_on.released',
    target: TARGET,
    detail: { issuer: before.issuer },
  })
  return yes(undefined)
}

/** Unlinks a member from the provider, and ends the member's sessions. Idempotent. */
export async function unlinkIdentity(
  tx: Tx,
  caller: Caller,
  staffId: string,
): Promise<Result<void, Problem>> {
  await lockAllStaff(tx)
  if ((await findStaff(tx, staffId)) === undefined) return no(NOT_FOUND)
  if (caller.actor.id === staffId)
    return no(problem('own_account', 'Nothing was changed. Ask another administrator.'))
  const unlinked = await deleteIdentitiesOf(tx, staffId)
  if (unlinked.length === 0) return yes(undefined)
  const ended = await endSessionsOfStaff(tx, staffId, caller.now)
  for (const { issuer, subject } of unlinked)
    await record(tx, caller, {
      action: 'staff_identity.unlinked',
      target: { id: staffId, ownerId: null },
      detail: { issuer, subject, sessions_ended: ended },
    })
  return yes(undefined)
}

export const TARGET = { id: 'single_sign_on', ownerId: null } as const

const REQUIRED = problem(
  'sso_required',
  'Nothing was changed. Stop requiring it first: with another provider, client or client secret sign-ins may fail.',
)
const NOT_CONFIGURED = problem('sso_not_configured', 'Set the provider with `PUT /v1/single-sign-on`.')
const NOT_TESTED = problem(
  'sso_not_tested',
  'An administrator must have signed in by it first: test it at /staff/sso.',
)
const NOT_CONNECTED = problem(
  'sso_not_tested',
  'Your own account is not connected, so this would lock you out: test it at /staff/sso.',
)
