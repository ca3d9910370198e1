/** Outcomes of a verification, as people say them. */
const outcomeWords: Readonly<Record<string, string>> = {
  accepted: 'Accepted',
  refused: 'Refused',
  malformed: 'Not a credential',
  unknown: 'Unknown credential',
  revoked: 'Revoked',
  rotated: 'Replaced by a rotation',
  expired: 'Expired',
  owner_suspended: 'Owner suspended',
  disabled: 'Disabled',
  environment_mismatch: 'Wrong environment',
  wrong_audience: 'Wrong API',
  ip_not_allowed: 'Address not allowed',
  missing_scope: 'Missing scope',
  rate_limited: 'Rate limit',
  quota_exceeded: 'Quota used up',
}

const otherOutcomes = 'All others'
export const noScope = 'No scope asked for'

export function outcomeName(outcome: string | null): string {
  return outcome === null ? otherOutcomes : (outcomeWords[outcome] ?? outcome)
}
