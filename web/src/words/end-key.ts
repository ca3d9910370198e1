import { counted } from './counted.ts'
/** Words of the page that disables or revokes a key. */
export const endWords = {
  title: (name: string) => `Stop ${name}`,
  lead: 'Choose what is to happen. A disabled key can be enabled again; a revoked one is gone.',
  callsLastDay: (count: number) =>
    `${counted(count, 'call was', 'calls were')} accepted in the last 24 hours.`,
  noCalls: 'No call was accepted in the last 24 hours.',
  scopes: 'For',
  callers: 'Last calls came from',
  how: 'How',
  disable: 'Disable',
  disableHint: 'Refused from now on, until it is enabled again. Can be undone at any time.',
  revoke: 'Revoke',
  revokeHint: 'Refused for good, with all its secrets. Cannot be undone.',
  reason: 'Reason',
  reasonHint: 'For the audit log: “contract ended”, “found in a public repository”.',
  actDisable: 'Disable this key',
  actRevoke: 'Revoke this key for good',
  cancel: 'Leave it as it is',
}
