import { useState } from 'react'
import type { AcceptanceWire, FindingWire } from '../../../src/findings/finding.wire.ts'
import type { MomentText } from '../../../src/http/wire.ts'
import { change } from '../api/request.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { Field } from '../ui/field.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { findingWords as words } from '../words/findings.ts'
import type { FindingRow } from './findings.queries.ts'

const DAY_MS = 86_400_000
const USUAL_DAYS = '90'

interface AcceptParts {
  readonly finding: FindingRow
  readonly onClose: () => void
}

/** Accepts a finding for a time, with the reason. */
export function AcceptFinding({ finding, onClose }: AcceptParts) {
  const [days, setDays] = useState(USUAL_DAYS)
  const whyNot = useWhyNot()
  const accept = async (reason: string) => {
    const until = new Date(Date.now() + Number(days) * DAY_MS).toISOString() as never as MomentText
    await change<typeof FindingWire, typeof AcceptanceWire>('POST', `/v1/findings/${finding.id}/accept`, {
      reason,
      until,
    })
  }
  return (
    <ActDialog
      title={words.acceptTitle}
      act={words.accept}
      reason="required"
      whyNot={whyNot('findings:write')}
      onAct={accept}
      onClose={onClose}
    >
      <p>{words.acceptLead}</p>
      <Field label={words.acceptFor}>
        {(ids) => (
          <select {...ids} value={days} onChange={(event) => setDays(event.target.value)}>
            {words.acceptDays.map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
    </ActDialog>
  )
}
