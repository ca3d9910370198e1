import {
  type Key,
  whyNotDisableKey,
  whyNotEnableKey,
  whyNotRevokeKey,
  whyNotRotateKey,
} from '../../../src/keys/key.ts'
import { NO_DATES } from '../../../src/owners/disabling.ts'
import { keyWords as words } from '../words/keys.ts'
import { exactWords } from '../words/time-words.ts'
import type { KeyRow } from './keys.queries.ts'

// The rules are the server's own (`src/keys/key.ts`): a button is off here for the reason for which the API would refuse.

const dateOf = (at: unknown) => new Date(String(at))
const maybe = (at: unknown) => (at === null ? null : dateOf(at))

/** A key of the wire, as far as the rules read it. */
function keyOf(row: KeyRow): Key {
  const revokedAt = maybe(row.revoked_at)
  return {
    id: row.id,
    ownerId: row.owner_id,
    name: row.name,
    environment: row.environment,
    scopes: row.scopes,
    ipAllowlist: row.ip_allowlist,
    metadata: row.metadata,
    limits: { rateLimits: [], quota: null },
    selfRotation: row.self_rotation,
    autoRotateAfterDays: row.auto_rotate_after_days,
    note: row.note,
    createdBy: row.created_by,
    createdByName: row.created_by_name,
    createdAt: dateOf(row.created_at),
    formerScopes:
      row.former_scopes === null || row.scopes_changed_at === null
        ? null
        : { scopes: row.former_scopes, changedAt: dateOf(row.scopes_changed_at) },
    disabledAt: maybe(row.disabled_at),
    disabledBy: row.disabled_by as Key['disabledBy'],
    ...NO_DATES,
    revokedAt,
    revokedReason: row.revoked_reason,
    // The wire says that it is suspended, not since when: no rule compares it.
    ownerSuspendedAt: row.state === 'suspended' ? dateOf(row.created_at) : null,
    secrets: row.secrets.map((secret) => ({
      id: secret.id,
      holderId: row.id,
      hint: secret.hint,
      createdAt: dateOf(secret.created_at),
      expiresAt: maybe(secret.expires_at),
      retiresAt: maybe(secret.retires_at),
      retiredAt: null,
      finishWhenSilentSeconds:
        row.rotation?.old_secret_id === secret.id ? row.rotation.finish_when_silent_seconds : null,
      revokedAt:
        secret.state === 'ended' && secret.retires_at === null && secret.expires_at === null
          ? revokedAt
          : null,
      lastUsedAt: maybe(secret.last_used_at),
      lastUsedIp: secret.last_used_ip,
      lastUsedUserAgent: secret.last_used_user_agent,
      exposedAt: maybe(secret.exposed_at),
    })),
  } as Key
}

const RULES = {
  rotate: (key: Key) => whyNotRotateKey(key, new Date()),
  disable: whyNotDisableKey,
  enable: whyNotEnableKey,
  revoke: whyNotRevokeKey,
}

/** Why this cannot be done with a key now, in words; null where it can. */
export function whyNot(act: keyof typeof RULES, row: KeyRow): string | null {
  const refusal = RULES[act](keyOf(row))
  if (refusal === null) return null
  const at = 'at' in refusal ? refusal.at : 'endsAt' in refusal ? refusal.endsAt : null
  return words.whyNot[refusal.code](at === null ? '' : exactWords(at.getTime()))
}
