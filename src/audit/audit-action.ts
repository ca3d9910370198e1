import type { AuditActionRow, DetailOf } from './audit-action-format.ts'
import { DIRECTORY_ACTIONS } from './directory-actions.ts'
import { FINDING_ACTIONS } from './finding-actions.ts'
import { KEY_ACTIONS } from './key-actions.ts'
import { OAUTH_ACTIONS } from './oauth-actions.ts'
import { STAFF_ACTIONS } from './staff-actions.ts'

/**
 * Closed table of the audit actions: noun, past tense. The types of `record`, `GET /v1/audit-actions` and
 * docs/audit-actions.md follow from it.
 */
const AUDIT_ACTIONS = {
  ...KEY_ACTIONS,
  ...OAUTH_ACTIONS,
  ...DIRECTORY_ACTIONS,
  ...STAFF_ACTIONS,
  ...FINDING_ACTIONS,
}

type Actions = typeof AUDIT_ACTIONS
export type AuditAction = keyof Actions
export type AuditDetail<A extends AuditAction> = DetailOf<Actions[A]['detail']>

/** The actions after which verifiers are notified always, sometimes or never. */
export type ActionThatAlters<When extends AuditActionRow['altersVerdicts']> = {
  [A in AuditAction]: Actions[A]['altersVerdicts'] extends When ? A : never
}[AuditAction]
/** One row with its name, as `GET /v1/audit-actions` lists it. */
export interface NamedAction extends AuditActionRow {
  readonly action: AuditAction
  readonly formerNames: readonly string[]
}

export function allActions(): NamedAction[] {
  return Object.entries(AUDIT_ACTIONS).map(([action, row]: [string, AuditActionRow]) => ({
    ...row,
    action: action as AuditAction,
    formerNames: row.formerNames ?? [],
  }))
}

/** All names that an action has or had, given any of them. A name that is in no row stands for itself. */
export function namesOf(name: string): readonly string[] {
  const row = allActions().find(({ action, formerNames }) => action === name || formerNames.includes(name))
  return row === undefined ? [name] : [row.action, ...row.formerNames]
}
