import { Secret } from '@doorward/sdk/kernel'
import { addSeconds } from '../base/clock.ts'
import { hashToken, isToken } from '../base/one-time-token.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Arrival, Authenticator, View } from '../management/authenticator.ts'
import { type Caller, reachOf } from '../management/caller.ts'
import { ALL_PERMISSIONS, type AnyPermission } from '../management/permission.ts'
import type { Cookies } from '../pages/cookies.ts'
import { permissionsOf, roleOf } from './role.ts'
import { hasSecondFactor, latestProofOf } from './staff.ts'
import {
  type PresentedSession,
  sessionAtCommit,
  sessionByHash,
  touchStaffSession,
} from './staff-session.store.ts'
import { SEEN_EVERY_SECONDS } from './staff-session.ts'

export interface StaffSettings {
  /** Environments that a developer may change. */
  readonly testEnvironments: readonly string[]
  /** True: a member without a second factor can do nothing but enrol one. */
  readonly requiresSecondFactor: boolean
}

/** Permissions of programs. A staff member can give them to an admin key, and cannot use them. */
const FOR_PROGRAMS: ReadonlySet<AnyPermission> = new Set<AnyPermission>(['verify', 'login_challenges:write'])

/** A request that no person has caused, such as a poll, does not keep a session alive. */
const BACKGROUND_HEADER = 'doorward-background'

/** Authenticates signed-in staff by their cookie. A token in a header decides alone. */
export function staffAuthenticator(db: Db, cookies: Cookies, settings: StaffSettings): Authenticator {
  return {
    scheme: 'staff_session',
    howToPresent: 'the cookie of a staff session, from /staff/sign-in',
    gives: new Set([...ALL_PERMISSIONS.filter((each) => !FOR_PROGRAMS.has(each)), 'self:session']),
    read: ({ token, headers }) => {
      const cookie = token === null ? cookies.read(headers.cookie, 'staff') : undefined
      if (cookie === undefined || cookie === '') return null
      const isPerson = headers[BACKGROUND_HEADER] === undefined
      return {
        secret: new Secret(cookie),
        carrier: 'cookie',
        authenticate: (view, arrival) => authenticateStaff(db, settings, { cookie, isPerson }, view, arrival),
      }
    },
  }
}

async function authenticateStaff(
  db: Db,
  settings: StaffSettings,
  { cookie, isPerson }: { readonly cookie: string; readonly isPerson: boolean },
  view: View,
  arrival: Arrival,
): Promise<Result<Caller, Problem>> {
  const found = isToken('st', cookie) ? await find(db, hashToken(cookie), view, arrival.now) : undefined
  if (found === undefined) return no(NOT_ACCEPTED)
  // Not in a change's transaction, which may be long: its request has done so before.
  const isDue = found.session.seenAt < addSeconds(arrival.now, -SEEN_EVERY_SECONDS)
  if (isPerson && isDue && view.of === 'database' && !view.db.isTransaction)
    await touchStaffSession(view.db, found.session.id, arrival.now)
  return yes(callerOf(found, settings, arrival))
}

async function find(db: Db, hash: Uint8Array, view: View, now: Date): Promise<PresentedSession | undefined> {
  switch (view.of) {
    case 'cache':
      return await sessionByHash(db, hash, now)
    case 'database':
      return await sessionByHash(view.db, hash, now)
    case 'commit':
      return await sessionAtCommit(view.tx, hash, now)
  }
}

function callerOf(
  { session, member, enrolled }: PresentedSession,
  { testEnvironments, requiresSecondFactor }: StaffSettings,
  arrival: Arrival,
): Caller {
  const { testOnly = false, hidesMetadata = false } = roleOf(member.role)
  return {
    ...arrival,
    actor: { kind: 'staff', id: session.staffId },
    permissions: new Set<AnyPermission>([...permissionsOf(member.role), 'self:session']),
    reach: reachOf(null, testOnly ? testEnvironments : null),
    latestExpiry: null,
    seesMetadata: !hidesMetadata,
    proof: {
      ...latestProofOf(enrolled, session.provenAt),
      lacksSecondFactor: requiresSecondFactor && !hasSecondFactor(enrolled),
      pages: PAGES,
    },
  }
}

const PAGES = { confirm: '/staff/confirm', enrol: '/staff/factors' }

const NOT_ACCEPTED = problem(
  'invalid_token',
  'The staff session is unknown or has ended. It ends an hour after the last request, and 24 hours after the sign-in. Sign in at /staff/sign-in.',
)
