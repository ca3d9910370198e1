import { useState } from 'react'
import { Link } from 'wouter'
import { faultAt } from '../api/problem.ts'
import { paths } from '../paths.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import type { Act } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { staffWords as words } from '../words/staff.ts'

interface ReasonParts {
  readonly title: string
  readonly effect: string
  readonly verb: string
  /** The member whose keys are linked; null: none. */
  readonly keysOf: string | null
  readonly act: Act
  readonly onDone: (reason: string) => void
  readonly onClose: () => void
}

/** Asks for the reason of an end, and says what it does and what it leaves. */
export function ReasonDialog({ title, effect, verb, keysOf, act, onDone, onClose }: ReasonParts) {
  const [reason, setReason] = useState('')
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          onDone(reason.trim())
        }}
      >
        <ProblemBox error={act.error} />
        <p>
          {effect}{' '}
          {keysOf !== null && <Link to={paths.keys.to({ created_by: keysOf })}>{words.keysMade}</Link>}
        </p>
        <Field label={words.reason} error={faultAt(act.error, '/reason')}>
          {(ids) => (
            <input
              {...ids}
              required
              maxLength={300}
              autoComplete="off"
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
        <div className="form-end">
          <Button type="submit" kind="danger" busy={act.isBusy}>
            {verb}
          </Button>
          <Button kind="quiet" onClick={onClose}>
            {appWords.cancel}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
