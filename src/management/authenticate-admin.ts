import { endedBy, hashCredential, type Presentation, parseCredential, Secret } from '@doorward/sdk/kernel'
import { no, type Result, yes } from '../base/result.ts'
import type { Db, Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import { adminKeyAtCommit, adminKeyByHash, type PresentedAdminKey } from './admin-key.store.ts'
import type { Caller } from './caller.ts'
import type { Permission } from './permission.ts'

/** Where and when a request came in, before anybody is known. */
export type Arrival = Pick<Caller, 'ip' | 'requestId' | 'now'>

/** The admin key of a secret, dead or alive. */
export type FindAdminKey = (text: string) => Promise<PresentedAdminKey | null>

/** Looks into the database each time, so that a revoked admin key is refused at once. */
export function findInDatabase(db: Db): FindAdminKey {
  return (text) => adminKeyByHash(db, hashCredential(text))
}

/** Looks at what other transactions have committed by now, past what this one changed itself. */
export function findAtCommit(tx: Tx): FindAdminKey {
  return (text) => adminKeyAtCommit(tx, hashCredential(text))
}

/**
 * Who calls the management API. Only admin keys get in: an API key or a third-party token is another kind by its
 * prefix, and its hash is no admin key's.
 */
export async function authenticateAdmin(
  find: FindAdminKey,
  presented: Presentation,
  arrival: Arrival,
): Promise<Result<Caller, Problem>> {
  if (!presented.ok) return no(problem(presented.fault.reason, FAULTS[presented.fault.reason]))

  const kind = parseCredential(presented.text)?.kind
  const key = kind === 'admin_key' ? await find(presented.text) : null
  if (key === null || endedBy(key, arrival.now.getTime()) !== null)
    return no(kind === undefined || kind === 'admin_key' ? NOT_ACCEPTED : WRONG_KIND)

  return yes({
    ...arrival,
    actor: { kind: 'admin_key', id: key.id },
    adminKeyId: key.id,
    permissions: new Set(key.permissions),
    reach: key.ownerId === null ? 'every_owner' : { ownerId: key.ownerId },
    expiresAt: key.expiresAt,
    presented: new Secret(presented.text),
  })
}

/**
 * Authenticates a caller again at another moment: minutes may lie between a request's headers and the end of its body,
 * and its admin key may have ended meanwhile.
 *
 * @returns the caller with `now`, or the problem that a request with this admin key would get at that moment
 */
export async function authenticateAgain(
  find: FindAdminKey,
  caller: Caller,
  permission: Permission,
  now: Date,
): Promise<Result<Caller, Problem>> {
  const { ip, requestId, presented } = caller
  const who = await authenticateAdmin(find, { ok: true, text: presented.reveal() }, { ip, requestId, now })
  if (!who.ok) return who
  const refused = permit(who.value, permission)
  return refused === null ? who : no(refused)
}

export function permit(caller: Caller, permission: Permission): Problem | null {
  if (caller.permissions.has(permission)) return null
  return problem('insufficient_permission', `This needs an admin key with the permission \`${permission}\`.`)
}

const NOT_ACCEPTED = problem(
  'invalid_token',
  'The admin key is unknown, revoked, expired or rotated. Present a live one as `Authorization: Bearer ak_…`.',
)

/** Said from the prefix alone, whether or not such a credential exists. */
const WRONG_KIND = problem('invalid_token', 'This is no admin key. The management API takes `ak_…` only.')

const FAULTS = {
  no_credential: 'Present an admin key as `Authorization: Bearer ak_…`.',
  malformed_header: 'Send one token, as `Authorization: Bearer ak_…`.',
  two_credentials: 'Send one credential, in one header.',
  credential_in_url: 'URLs end up in logs: rotate this credential, and send the new one in a header.',
}
