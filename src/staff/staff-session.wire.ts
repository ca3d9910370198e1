import { Type } from 'typebox'
import { addSeconds } from '../base/clock.ts'
import { idOf, iso, Moment, nullable, oneOf } from '../http/wire.ts'
import type { Caller } from '../management/caller.ts'
import { environmentsOf } from '../management/caller.ts'
import { FRESH_SECONDS } from '../management/why-not-permitted.ts'
import { ROLE_NAMES } from './role.ts'
import { FACTORS, latestProofOf } from './staff.ts'
import type { PresentedSession } from './staff-session.store.ts'
import { IDLE_SECONDS, type StaffSession } from './staff-session.ts'

export const StaffSessionId = idOf('sts')
export const RoleWire = oneOf(ROLE_NAMES, 'Decides the permissions')
export const FactorWire = oneOf(FACTORS)

export const StaffSessionWire = Type.Object({
  id: Type.String(),
  created_at: Moment,
  last_seen_at: { ...Moment, description: 'Up to a minute late' },
  expires_at: { ...Moment, description: 'The latest end' },
  idle_seconds: Type.Integer({ description: 'The session ends this long after its last request' }),
  ip: nullable(Type.String({ description: 'From where the session was begun' })),
  user_agent: nullable(Type.String({ description: 'As the browser said it when the session was begun' })),
  is_this: Type.Boolean({ description: 'True for the session of this request' }),
})

const ProvenAt = nullable(Moment)

/** The caller's session: staff member, permissions, factors. */
export const OwnSessionWire = Type.Object({
  staff: Type.Object({ id: Type.String(), name: Type.String(), email: Type.String(), role: RoleWire }),
  permissions: Type.Array(Type.String()),
  environments: Type.Array(Type.String(), { description: 'Those within reach' }),
  bound_to_environments: Type.Boolean({
    description: 'True: nothing that is of no environment can be changed',
  }),
  metadata_visible: Type.Boolean({ description: 'False: `metadata` in answers is null' }),
  session: StaffSessionWire,
  factors: Type.Object({
    enrolled: Type.Array(FactorWire),
    strongest: FactorWire,
    must_enrol: Type.Boolean({
      description: 'True: a second factor is demanded and there is none. Set one up at /staff/factors',
    }),
    proven_at: Type.Object({ password: ProvenAt, totp: ProvenAt, passkey: ProvenAt, sso: ProvenAt }),
    fresh_until: nullable({
      ...Moment,
      description:
        'Until then dangerous operations need no confirmation; null or past: confirm at /staff/confirm',
    }),
  }),
  brand: nullable(Type.String({ description: 'The prefix of credentials' })),
  branding: Type.Object({ product_name: nullable(Type.String()), logo_url: nullable(Type.String()) }),
  public_url: Type.String(),
})

export function toStaffSessionWire(session: StaffSession, ownId: string | null) {
  return {
    id: session.id,
    created_at: iso(session.createdAt),
    last_seen_at: iso(session.seenAt),
    expires_at: iso(session.expiresAt),
    idle_seconds: IDLE_SECONDS,
    ip: session.ip,
    user_agent: session.userAgent,
    is_this: session.id === ownId,
  }
}

export interface Installation {
  readonly environments: readonly string[]
  readonly brand: string | null
  readonly publicUrl: string
  readonly branding: { named(): Promise<NamedBranding> }
}

interface NamedBranding {
  readonly productName: string | null
  /** Below the public URL. */
  readonly logoPath: string | null
}

export function toOwnSessionWire(
  { session, member, enrolled }: PresentedSession,
  caller: Caller,
  { environments, brand, publicUrl }: Installation,
  { productName, logoPath }: NamedBranding,
) {
  const within = environmentsOf(caller.reach)
  const { provenAt } = session
  const { factor: strongest, provenAt: proven } = latestProofOf(enrolled, provenAt)
  return {
    staff: { id: session.staffId, ...member },
    permissions: [...caller.permissions].sort(),
    environments: within ?? environments,
    bound_to_environments: within !== null,
    metadata_visible: caller.seesMetadata,
    session: toStaffSessionWire(session, session.id),
    factors: {
      enrolled,
      strongest,
      must_enrol: caller.proof?.lacksSecondFactor ?? false,
      proven_at: {
        password: iso(provenAt.password),
        totp: iso(provenAt.totp),
        passkey: iso(provenAt.passkey),
        sso: iso(provenAt.sso),
      },
      fresh_until: proven === null ? null : iso(addSeconds(proven, FRESH_SECONDS)),
    },
    brand,
    branding: { product_name: productName, logo_url: logoPath === null ? null : publicUrl + logoPath },
    public_url: publicUrl,
  }
}
