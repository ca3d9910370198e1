import { useState } from 'react'
import type { Static } from 'typebox'
import type { KeyWire } from '../../../src/keys/key.wire.ts'
import type { RotationChangeWire } from '../../../src/secrets/secret.wire.ts'
import type { KeyRotationWire } from '../../../src/usage/key-use.wire.ts'
import { change } from '../api/request.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { ExactTime, Time } from '../ui/time.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { rotateWords as words } from '../words/rotate-key.ts'

interface EndParts {
  readonly id: string
  readonly rotation: Static<typeof KeyRotationWire>
}

/** When a running rotation ends: at a time, or by itself before. Both can be changed. */
export function RotationEnd({ id, rotation }: EndParts) {
  const [isAsked, setAsked] = useState(false)
  const mayNot = useWhyNot()('keys:write')
  const { ends_at: endsAt, finish_when_silent_seconds: silent } = rotation
  return (
    <>
      <p className="soft">
        {words.ends} <ExactTime at={endsAt} />. {words.started} <Time at={rotation.started_at} />.{' '}
        {silent !== null && words.finishesWhenSilent(words.silenceOf(silent))}
      </p>
      <p>
        <Button kind="quiet" whyNot={mayNot} onClick={() => setAsked(true)}>
          {words.changeEnd}
        </Button>
      </p>
      {isAsked && <EndDialog id={id} rotation={rotation} onClose={() => setAsked(false)} />}
    </>
  )
}

interface DialogParts extends EndParts {
  readonly onClose: () => void
}

function EndDialog({ id, rotation, onClose }: DialogParts) {
  const [opened] = useState(rotation)
  const silent = opened.finish_when_silent_seconds
  const [overlap, setOverlap] = useState('')
  const [silence, setSilence] = useState(String(silent ?? ''))
  const known = words.silences.some(([value]) => value === String(silent ?? ''))
  const own = known ? [] : [[String(silent), words.silenceOf(silent ?? 0)] as const]
  const save = () =>
    change<typeof KeyWire, typeof RotationChangeWire>(
      'PATCH',
      `/v1/keys/${id}/rotation`,
      {
        ...(overlap === '' ? {} : { overlap_seconds: Number(overlap) }),
        finish_when_silent_seconds: silence === '' ? null : Number(silence),
      },
      { since: opened },
    )
  return (
    <ActDialog title={words.changeEndTitle} act={words.changeEndAct} onClose={onClose} onAct={save}>
      <Field label={words.endsAfter} hint={words.endsAfterHint}>
        {(ids) => (
          <select {...ids} value={overlap} onChange={(event) => setOverlap(event.target.value)}>
            <option value="">{words.asItIs}</option>
            {words.overlaps.map(([value, name]) => (
              <option key={value} value={value}>
                {words.fromNow(name)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={words.silence} hint={words.silenceHint}>
        {(ids) => (
          <select {...ids} value={silence} onChange={(event) => setSilence(event.target.value)}>
            {[...words.silences, ...own].map(([value, name]) => (
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
