import type { LimitState } from './limits.ts'
import { labelOf } from './rate-limit-fields.ts'
import type { Refusal } from './refusal.ts'

/** Explains a refusal to the owner of the key: what happened, and what to do. Never shown to the refused client. */
export function explainRefusal(refusal: Refusal): { readonly message: string; readonly fix: string } {
  switch (refusal.reason) {
    case 'malformed':
      return {
        message: 'This is not a credential: its form or its checksum is wrong.',
        fix:
          refusal.isPadded === true
            ? 'Remove the blank or newline around it.'
            : 'Copy it again: a character is missing, added or changed.',
      }
    case 'unknown':
      return {
        message: 'No such credential exists here.',
        fix: 'Check that it belongs to this deployment. If its secret was lost, rotate the key.',
      }
    case 'revoked':
      return {
        message: `It was revoked ${refusal.at.toISOString()}.`,
        fix: 'This cannot be undone. If a rotation of the key was undone, use its previous secret. Otherwise create a new key, or ask the user to connect the app again.',
      }
    case 'rotated':
      return {
        message: `It was replaced by a rotation, whose overlap ended ${refusal.at.toISOString()}.`,
        fix: 'Use the newer secret of the same key.',
      }
    case 'expired':
      return {
        message: `It expired ${refusal.at.toISOString()}.`,
        fix: 'Create a new key, and rotate it before it expires. Refresh a token.',
      }
    case 'owner_suspended':
      return {
        message: `The owner was suspended ${refusal.at.toISOString()}.`,
        fix: 'Resume the owner. All of its keys then work again.',
      }
    case 'disabled':
      return {
        message: `It was disabled ${refusal.at.toISOString()}.`,
        fix: 'Enable the key, or resume the client.',
      }
    case 'environment_mismatch':
      return {
        message: `It is for ${refusal.actual}, and was presented to ${refusal.expected}.`,
        fix: `Use a key of the environment ${refusal.expected}.`,
      }
    case 'wrong_audience':
      return {
        message: `It is for ${refusal.audiences.join(', ') || 'no API'}, and was presented to ${refusal.expected}.`,
        fix: 'Ask for a token with `resource` set to the API that it is for (RFC 8707).',
      }
    case 'ip_not_allowed':
      return {
        message: `Its allow-list does not contain ${refusal.clientIp ?? 'the caller, whose address is not known'}.`,
        fix:
          refusal.clientIp === null
            ? 'Pass the client IP, and name your trusted proxies.'
            : 'Add the address to the allow-list of the key, or call from one that is in it.',
      }
    case 'missing_scope':
      return {
        message: `It lacks ${refusal.missing.join(', ')}.`,
        fix: 'If the owner should have them, add the missing scopes to the key. An app asks its user for them.',
      }
    case 'rate_limited':
      return {
        message: `It has made more calls than the rate limit ${nameOf(refusal)} allows.`,
        fix: `Try again in ${refusal.retryAfterSeconds} seconds.`,
      }
    case 'quota_exceeded':
      return {
        message: `The quota ${nameOf(refusal)} is used up.`,
        fix: `Wait ${refusal.retryAfterSeconds} seconds, or raise the quota.`,
      }
  }
}

/** `burst (100 in 60 s)`. */
function nameOf({ limit }: Extract<Refusal, { limit: LimitState }>): string {
  return `${labelOf(limit)} (${limit.limit} in ${limit.windowSeconds} s)`
}
