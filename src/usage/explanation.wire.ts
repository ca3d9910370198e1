import { explainRefusal, type Refusal } from '@doorward/sdk/kernel'
import { type Static, Type } from 'typebox'
import type { AuditEvent } from '../audit/audit-event.ts'
import { PROBLEMS } from '../http/problem.ts'
import { idOf, iso, Moment, nullable, oneOf, strictObject } from '../http/wire.ts'
import { KEY_STATES, type Key, stateOf } from '../keys/key.ts'
import { currentSecret } from '../secrets/secret.ts'
import { Hash, QUESTION_LIMITS, VerifyWire } from '../verification/verify.wire.ts'
import type { AskedCall, Explained } from './explain-credential.ts'
import type { LastRefusal } from './last-refusal.store.ts'

const { scopes, environment, resource } = VerifyWire.properties

export const ExplanationQuestionWire = strictObject(
  {
    secret_sha256: Type.Optional(Hash),
    key_id: Type.Optional(idOf('key')),
    request_id: Type.Optional(
      Type.String({
        pattern: '^req_[0-9a-f]{32}$',
        description: 'Of a refused request to the management API; needs `audit:read` too',
      }),
    ),
    scopes: Type.Optional({ ...scopes, description: 'What the refused call asked for' }),
    environment: Type.Optional({ ...environment, description: 'Left out: not compared' }),
    resource: Type.Optional({ ...resource, description: 'The API that was called. Left out: not compared' }),
    client_ip: Type.Optional(
      Type.String({
        maxLength: QUESTION_LIMITS.client_ip,
        description: 'Left out: the allow-list is not looked at',
      }),
    ),
  },
  'One of `secret_sha256`, `key_id` and `request_id`',
)

const NOT_CHECKED = ['scopes', 'environment', 'resource', 'client_ip', 'limits'] as const

export const ExplanationWire = Type.Object({
  kind: nullable(oneOf(['api_key', 'access_token', 'management_request'])),
  valid: Type.Boolean(),
  refusal: nullable(
    Type.Object({
      reason: Type.String(),
      message: Type.String(),
      fix: Type.String(),
      since: nullable({ ...Moment, description: 'Since when it is refused for this reason' }),
    }),
  ),
  credential_id: nullable(Type.String()),
  key: nullable(
    Type.Object({
      id: Type.String(),
      hint: Type.String({ description: 'Of the secret in question' }),
      name: Type.String(),
      owner_id: Type.String(),
      environment: Type.String(),
      state: oneOf(KEY_STATES),
    }),
  ),
  request: nullable(
    Type.Object({
      id: Type.String(),
      at: Moment,
      method: nullable(Type.String()),
      route: nullable(Type.String()),
      actor: Type.Object({ kind: Type.String(), id: nullable(Type.String()) }),
      target_id: nullable(Type.String()),
      ip: nullable(Type.String()),
    }),
  ),
  not_checked: Type.Array(oneOf(NOT_CHECKED), {
    description: 'What a real call is judged by as well, and was not given or is not looked at here',
  }),
  last_refusals: Type.Array(
    Type.Object({
      secret_id: Type.String(),
      reason: Type.String(),
      at: Moment,
      ip: nullable(Type.String()),
      user_agent: nullable(Type.String()),
    }),
    { description: 'Of the key, for each secret and reason; latest first' },
  ),
})

export function fromCallFields(body: Static<typeof ExplanationQuestionWire>): AskedCall {
  const { scopes, environment, resource, client_ip: clientIp } = body
  return { scopes, environment, resource, clientIp }
}

export function toExplanationWire(explained: Explained, refusals: readonly LastRefusal[], now: Date) {
  const { kind, credentialId, verdict, key, notChecked } = explained
  return {
    kind,
    valid: verdict.valid,
    refusal: verdict.valid ? null : toRefusalWire(verdict.refusal),
    credential_id: credentialId,
    key: key === null ? null : toKeySummary(key, credentialId, now),
    request: null,
    not_checked: [...notChecked],
    last_refusals: refusals.map(({ credentialId: secret, outcome, at, ip, userAgent }) => ({
      ...{ secret_id: secret, reason: outcome, at: iso(at), ip },
      user_agent: userAgent,
    })),
  }
}

function toRefusalWire(refusal: Refusal) {
  return {
    reason: refusal.reason,
    ...explainRefusal(refusal),
    since: 'at' in refusal ? iso(refusal.at) : null,
  }
}

function toKeySummary(key: Key, secretId: string | null, now: Date) {
  const secret = key.secrets.find(({ id }) => id === secretId) ?? currentSecret(key.secrets)
  const { id, name, ownerId, environment } = key
  return { id, hint: secret.hint, name, owner_id: ownerId, environment, state: stateOf(key, now) }
}

/** Fixes for the recorded refusals of the management API. */
const FIXES: Readonly<Record<string, string>> = {
  no_credential: 'Send an admin key: `Authorization: Bearer …`.',
  invalid_token: 'The admin key is unknown, revoked, rotated out or expired. Use a current one.',
  insufficient_permission: 'Use a caller that has the permission, or have an administrator give it.',
  not_found: 'Check the id. It does not exist, or belongs to an owner that the caller is not bound to.',
  owner_not_covered: 'Use an admin key that is not bound to one owner, or is bound to this one.',
  exceeds_authority: 'Have an administrator do it, who has the permissions in question.',
  credential_in_url: 'Send the credential in the `Authorization` header, and rotate it: URLs are logged.',
  cross_site_request: 'Send it from the dashboard’s own pages, or use an admin key.',
}

/** A refused request to the management API, from its audit event. */
export function toRefusedRequestWire(event: AuditEvent) {
  const { code, method, route } = event.detail as Readonly<Record<string, unknown>>
  const reason = String(code)
  const known = Object.hasOwn(PROBLEMS, reason) ? PROBLEMS[reason as keyof typeof PROBLEMS][1] : reason
  const text = (value: unknown) => (typeof value === 'string' ? value : null)
  return {
    kind: 'management_request' as const,
    valid: false,
    refusal: {
      reason,
      message: `${known}.`,
      fix: FIXES[reason] ?? 'See docs/errors.md.',
      since: iso(event.at),
    },
    credential_id: null,
    key: null,
    request: {
      ...{ id: event.requestId ?? '', at: iso(event.at), method: text(method), route: text(route) },
      ...{ actor: { ...event.actor }, target_id: event.targetId, ip: event.ip },
    },
    not_checked: [],
    last_refusals: [],
  }
}
