import { useId, useState } from 'react'
import type { Static } from 'typebox'
import { REMEDY_ACTS, type Remedy, remediesOf } from '../../../src/findings/remedy.ts'
import type { AskedRemedyWire, RemediedWire } from '../../../src/findings/remedy.wire.ts'
import type { MomentText } from '../../../src/http/wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Field } from '../ui/field.tsx'
import { localOf, momentOf } from '../ui/filter-input.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { actWords } from '../words/acts.ts'
import { findingWords as words } from '../words/findings.ts'
import type { FindingRow, Remedied } from './findings.queries.ts'
import { RemedyEffect } from './remedy-effect.tsx'

interface FormParts {
  readonly finding: FindingRow
  readonly onDone: (done: Remedied) => void
}

/** Entries of the form; each belongs to one remedy or two. */
interface Entered {
  readonly addresses: string
  readonly expires: string
  readonly overlap: string
  readonly reason: string
}

const DAY_MS = 86_400_000
/** Proposed life of a key that has no end: what the preset `soc2` allows. */
const USUAL_DAYS = 90
/** These cannot be undone, or stop callers at once. */
const DANGEROUS: ReadonlySet<Remedy> = new Set<Remedy>(['revoke', 'finish_rotation', 'disable', 'suspend'])

/** Asks what to do, shows what that would change, and does it only then. */
export function RemedyForm({ finding, onDone }: FormParts) {
  const remedies = remediesOf(finding.kind, finding.holder.kind)
  const [remedy, setRemedy] = useState<Remedy | undefined>(remedies[0])
  const [entered, setEntered] = useState<Entered>(() => ({
    addresses: '',
    expires: localOf(new Date(Date.now() + USUAL_DAYS * DAY_MS).toISOString()),
    overlap: '',
    reason: '',
  }))
  const [shown, setShown] = useState<Remedied | null>(null)
  const group = useId()
  const act = useAct()
  const whyNot = useWhyNot()
  if (remedy === undefined) return null
  const permission = REMEDY_ACTS[finding.holder.kind][remedy]?.permission
  const mayNot = permission === undefined ? null : whyNot(permission)

  const choose = (next: Remedy) => {
    setRemedy(next)
    setShown(null)
  }
  const enter = (change: Partial<Entered>) => {
    setEntered({ ...entered, ...change })
    setShown(null)
  }
  const send = (more: Partial<Static<typeof AskedRemedyWire>>, once: boolean) =>
    change<typeof RemediedWire, typeof AskedRemedyWire>(
      'POST',
      `/v1/findings/${finding.id}/remedy`,
      { remedy, ...choicesOf(remedy, entered), ...more },
      once ? { once } : {},
    )
  const submit = async () => {
    if (shown === null)
      return void (await act.ask(async () => setShown(await send({ dry_run: true }, false))))
    // Not `run`, which would read the finding again: it is gone.
    const done = await act.ask(() => send({ token: shown.token }, true))
    if (done !== undefined) onDone(done)
    else setShown(null)
  }
  return (
    <form
      className="form card"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <fieldset>
        <legend>{words.remedyQuestion}</legend>
        {remedies.map((each) => (
          <Choice
            key={each}
            group={group}
            label={words.remedies[each][0]}
            hint={words.remedies[each][1]}
            isChosen={remedy === each}
            onChoose={() => choose(each)}
          />
        ))}
      </fieldset>
      <Choices remedy={remedy} entered={entered} onEnter={enter} error={act.error} />
      <div role="status">{shown !== null && <RemedyEffect effect={shown} />}</div>
      <ProblemBox error={act.error} />
      <div className="form-end">
        <Button
          type="submit"
          kind={shown !== null && DANGEROUS.has(remedy) ? 'danger' : 'main'}
          busy={act.isBusy}
          whyNot={mayNot}
        >
          {shown === null ? words.show : words.remedies[remedy][2]}
        </Button>
      </div>
    </form>
  )
}

/** The fields of a remedy, as the API takes them. */
function choicesOf(remedy: Remedy, { addresses, expires, overlap, reason }: Entered) {
  const list = addresses.split(/[\s,]+/).filter((each) => each !== '')
  switch (remedy) {
    case 'pin_addresses':
      return list.length === 0 ? {} : { ip_allowlist: [...new Set(list)] }
    case 'set_expiry':
      return { expires_at: (momentOf(expires) ?? '') as never as MomentText }
    case 'rotate':
      return overlap === '' ? {} : { overlap_seconds: Number(overlap) }
    case 'suspend':
    case 'revoke':
      return reason.trim() === '' ? {} : { reason: reason.trim() }
    default:
      return {}
  }
}

interface ChoiceParts {
  readonly remedy: Remedy
  readonly entered: Entered
  readonly onEnter: (change: Partial<Entered>) => void
  readonly error: unknown
}

function Choices({ remedy, entered, onEnter, error }: ChoiceParts) {
  switch (remedy) {
    case 'pin_addresses':
      return (
        <Field label={words.addresses} hint={words.addressesHint} error={faultAt(error, '/ip_allowlist')}>
          {(ids) => (
            <textarea
              {...ids}
              rows={4}
              spellCheck={false}
              value={entered.addresses}
              onChange={(event) => onEnter({ addresses: event.target.value })}
            />
          )}
        </Field>
      )
    case 'set_expiry':
      return (
        <Field label={words.expires} hint={words.expiresHint} error={faultAt(error, '/expires_at')}>
          {(ids) => (
            <input
              {...ids}
              type="datetime-local"
              value={entered.expires}
              onChange={(event) => onEnter({ expires: event.target.value })}
            />
          )}
        </Field>
      )
    case 'rotate':
      return (
        <Field label={words.overlap} hint={words.overlapHint}>
          {(ids) => (
            <select
              {...ids}
              value={entered.overlap}
              onChange={(event) => onEnter({ overlap: event.target.value })}
            >
              {words.overlaps.map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
      )
    case 'suspend':
    case 'revoke':
      return (
        <Field
          label={`${actWords.reason} (${actWords.optional})`}
          hint={actWords.reasonHint}
          error={faultAt(error, '/reason')}
        >
          {(ids) => (
            <input
              {...ids}
              maxLength={300}
              autoComplete="off"
              value={entered.reason}
              onChange={(event) => onEnter({ reason: event.target.value })}
            />
          )}
        </Field>
      )
    default:
      return null
  }
}
