import { Type } from 'typebox'
import type { NamedAction } from '../audit/audit-action.ts'
import { oneOf } from '../http/wire.ts'

const FieldWire = Type.Object({
  name: Type.String(),
  type: Type.String({ description: 'In words, such as `list of texts` or `time or null`' }),
  always: Type.Boolean({ description: 'false: only where it applies' }),
})

const AuditActionWire = Type.Object({
  action: Type.String({ description: 'Noun and past tense: `key.rotated`' }),
  description: Type.String(),
  target: Type.String({ description: 'What `target_id` of the event is the id of' }),
  detail: Type.Array(FieldWire),
  alters_verdicts: oneOf(
    ['always', 'sometimes', 'never'],
    'Whether verifiers are notified: of every such event, of some, or of none',
  ),
  former_names: Type.Array(Type.String(), { description: 'The `action` of older events' }),
})

export const AuditActionsWire = Type.Object({ data: Type.Array(AuditActionWire) })

export function toAuditActionWire(row: NamedAction) {
  const { action, description, target, detail, altersVerdicts, formerNames } = row
  return {
    action,
    description,
    target,
    detail: Object.entries(detail).map(([name, type]) => ({
      name: name.replace('?', ''),
      type,
      always: !name.endsWith('?'),
    })),
    alters_verdicts: altersVerdicts,
    former_names: [...formerNames],
  }
}
