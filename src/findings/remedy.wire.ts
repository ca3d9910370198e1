import { type Static, Type } from 'typebox'
import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from '../http/problem.ts'
import { iso, Moment, nullable, oneOf, plainText, strictObject, toMoment } from '../http/wire.ts'
import { MAX_OVERLAP_SECONDS } from '../secrets/secret.ts'
import type { AskedRemedy, Remedied } from './apply-remedy.ts'
import { FINDING_HOLDERS, FINDING_KINDS } from './finding.ts'
import { REMEDIES, type Remedy } from './remedy.ts'
import type { Standing } from './remedy-effect.ts'

export const AskedRemedyWire = strictObject({
  remedy: oneOf(REMEDIES),
  dry_run: Type.Optional(
    Type.Boolean({ default: false, description: 'Change nothing; say what would change' }),
  ),
  token: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_-]{43}$',
      description: 'Of the dry run. Where the remedy would do something else by now, nothing is changed',
    }),
  ),
  ip_allowlist: Type.Optional(
    Type.Array(Type.String({ maxLength: 60 }), {
      minItems: 1,
      maxItems: 200,
      uniqueItems: true,
      description:
        'Of `pin_addresses`. Default: the addresses that were accepted, without those of the network that is found',
    }),
  ),
  expires_at: Type.Optional(Moment),
  overlap_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_OVERLAP_SECONDS,
      description: 'Of `rotate`. Default: none where a secret is exposed, else as of any rotation',
    }),
  ),
  reason: Type.Optional(plainText(300, 'Of `suspend` and `revoke`: for the audit log')),
})

const StandingWire = Type.Object({
  state: Type.String(),
  scopes: nullable(Type.Array(Type.String())),
  ip_allowlist: nullable(Type.Array(Type.String())),
  expires_at: nullable(Moment),
  old_secret_ends_at: nullable(Moment),
})

export const RemediedWire = Type.Object({
  dry_run: Type.Boolean(),
  finding_id: Type.String(),
  kind: oneOf(FINDING_KINDS),
  holder: Type.Object({ kind: oneOf(FINDING_HOLDERS), id: Type.String() }),
  remedy: oneOf(REMEDIES),
  before: StandingWire,
  after: StandingWire,
  refuses: Type.Object(
    {
      from: nullable(Moment),
      scopes: Type.Array(Type.Object({ scope: Type.String(), last_day: nullable(Moment) })),
      callers: Type.Array(
        Type.Object({
          hint: Type.String(),
          ip: Type.String(),
          user_agent: nullable(Type.String()),
          at: Moment,
        }),
        { description: 'The last ones of each secret that were accepted, latest first' },
      ),
    },
    { description: 'What is refused from then on, of the calls of the last days' },
  ),
  accepted_last_day: nullable(Type.Integer({ description: 'Calls. null: not counted of this kind' })),
  last_used_at: nullable(Moment),
  grants: nullable(
    Type.Object(
      { count: Type.Integer(), at_least: Type.Boolean() },
      { description: 'Of a client: users who allowed it something' },
    ),
  ),
  token: Type.String({ description: 'To be sent with the real run' }),
  closed: Type.Boolean({ description: 'The finding is gone' }),
  secret: nullable(Type.String({ description: 'That a rotation minted. Shown only in this answer' })),
})

/** The fields that a remedy takes besides its own name. */
const CHOICES: Readonly<Record<Remedy, readonly Choice[]>> = {
  shrink_scopes: [],
  pin_addresses: ['ip_allowlist'],
  set_expiry: ['expires_at'],
  rotate: ['overlap_seconds'],
  finish_rotation: [],
  disable: [],
  suspend: ['reason'],
  revoke: ['reason'],
}
type Choice = 'ip_allowlist' | 'expires_at' | 'overlap_seconds' | 'reason'
const ALL_CHOICES = ['ip_allowlist', 'expires_at', 'overlap_seconds', 'reason'] as const

export function fromAskedRemedyWire(body: Static<typeof AskedRemedyWire>): Result<AskedRemedy, Problem> {
  const { remedy } = body
  const stray = ALL_CHOICES.find((name) => body[name] !== undefined && !CHOICES[remedy].includes(name))
  if (stray !== undefined) return no(problem('invalid_request', `\`${stray}\` is not of \`${remedy}\`.`))
  if (remedy === 'set_expiry' && body.expires_at === undefined)
    return no(problem('invalid_request', '`set_expiry` needs `expires_at`.'))
  return yes({
    remedy,
    dryRun: body.dry_run ?? false,
    token: body.token,
    ipAllowlist: body.ip_allowlist,
    expiresAt: toMoment(body.expires_at),
    overlapSeconds: body.overlap_seconds,
    reason: body.reason,
  })
}

export function toRemediedWire(done: Remedied, dryRun: boolean) {
  const { finding, remedy, before, after, refused, uses, token, closed, secret } = done
  return {
    dry_run: dryRun,
    finding_id: finding.id,
    kind: finding.kind,
    holder: finding.holder,
    remedy,
    before: toStandingWire(before),
    after: toStandingWire(after),
    refuses: {
      from: iso(refused.from),
      scopes: refused.scopes.map(({ scope, lastDay }) => ({ scope, last_day: iso(lastDay) })),
      callers: refused.callers.map(({ hint, ip, userAgent, at }) => ({
        ...{ hint, ip, user_agent: userAgent, at: iso(at) },
      })),
    },
    accepted_last_day: uses.acceptedLastDay,
    last_used_at: iso(uses.lastUsedAt),
    grants: uses.grants === null ? null : { count: uses.grants.count, at_least: uses.grants.atLeast },
    token,
    closed,
    secret: secret?.reveal() ?? null,
  }
}

function toStandingWire({ state, scopes, ipAllowlist, expiresAt, oldSecretEndsAt }: Standing) {
  return {
    state,
    scopes,
    ip_allowlist: ipAllowlist,
    expires_at: iso(expiresAt),
    old_secret_ends_at: iso(oldSecretEndsAt),
  }
}
