import { useId, useState } from 'react'
import type { IssuedKeyWire, RotateKeyWire } from '../../../src/keys/key.wire.ts'
import { change } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { rotateWords as words } from '../words/rotate-key.ts'
import { WhatWillStop } from './what-will-stop.tsx'

interface FormParts {
  readonly id: string
  readonly onIssued: (secret: string) => void
}

const DEFAULT_OVERLAP = '86400'

/** Asks first if the rotation is planned: a leaked secret gets no overlap. */
export function RotateForm({ id, onIssued }: FormParts) {
  const [cause, setCause] = useState<'planned' | 'leaked' | null>(null)
  const [overlap, setOverlap] = useState(DEFAULT_OVERLAP)
  const group = useId()
  const act = useAct()
  const rotate = () =>
    act.run(async () => {
      const body = { overlap_seconds: cause === 'leaked' ? 0 : Number(overlap) }
      const { secret } = await change<typeof IssuedKeyWire, typeof RotateKeyWire>(
        'POST',
        `/v1/keys/${id}/rotate`,
        body,
        { once: true },
      )
      onIssued(secret)
    })
  return (
    <form
      className="form card"
      onSubmit={(event) => {
        event.preventDefault()
        if (cause !== null) void rotate()
      }}
    >
      <fieldset>
        <legend>{words.question}</legend>
        <Choice
          group={group}
          label={words.planned}
          hint={words.plannedHint}
          isChosen={cause === 'planned'}
          onChoose={() => setCause('planned')}
        />
        <Choice
          group={group}
          label={words.leaked}
          hint={words.leakedHint}
          isChosen={cause === 'leaked'}
          onChoose={() => setCause('leaked')}
        />
      </fieldset>
      {cause === 'planned' && (
        <Field label={words.overlap} hint={words.overlapHint}>
          {(ids) => (
            <select {...ids} value={overlap} onChange={(event) => setOverlap(event.target.value)}>
              {words.overlaps.map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {cause === 'leaked' && <WhatWillStop id={id} />}
      <ProblemBox error={act.error} />
      {cause !== null && (
        <div className="form-end">
          <Button type="submit" kind={cause === 'leaked' ? 'danger' : 'main'} busy={act.isBusy}>
            {cause === 'leaked' ? words.startLeaked : words.start}
          </Button>
        </div>
      )}
    </form>
  )
}
