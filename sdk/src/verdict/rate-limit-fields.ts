import type { LimitState } from './limits.ts'

/**
 * Writes `RateLimit` and `RateLimit-Policy` with one item for each limit (draft-ietf-httpapi-ratelimit-headers):
 * `"burst";r=50;t=30` and `"burst";q=100;w=60`. The names of an owner's limits start with `owner:`, those of quotas with
 * `quota:`; no rate limit's name contains a colon.
 */
export function rateLimitFields(limits: readonly LimitState[] | undefined): Record<string, string> {
  if (limits === undefined || limits.length === 0) return {}
  return {
    ratelimit: limits
      .map((limit) => `"${labelOf(limit)}";r=${limit.remaining};t=${limit.resetSeconds}`)
      .join(', '),
    'ratelimit-policy': limits
      .map((limit) => `"${labelOf(limit)}";q=${limit.limit};w=${limit.windowSeconds}`)
      .join(', '),
  }
}

/** `burst`, `owner:burst`, `quota:day`, `owner:quota:month`: different for any two limits of a credential. */
export function labelOf({ kind, of, name }: LimitState): string {
  return `${of === 'owner' ? 'owner:' : ''}${kind === 'quota' ? 'quota:' : ''}${name}`
}
