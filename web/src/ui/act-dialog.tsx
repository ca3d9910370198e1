import { type ReactNode, useState } from 'react'
import { faultAt } from '../api/problem.ts'
import { actWords } from '../words/acts.ts'
import { appWords } from '../words/app.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Field } from './field.tsx'
import { ProblemBox } from './problem-box.tsx'
import { useAct } from './use-act.ts'

interface ActParts {
  readonly title: string
  /** Label of the button: the act itself, never "OK". */
  readonly act: string
  readonly isDangerous?: boolean
  /** True: a reason is asked for. */
  readonly reason?: 'required' | 'optional'
  readonly whyNot?: string | null
  /** Returns false if it has closed the dialog itself. */
  readonly onAct: (reason: string) => Promise<unknown>
  readonly onClose: () => void
  readonly children?: ReactNode
}

/** Asks before something is done: says what will happen, takes the reason, and shows a refusal where it was asked. */
export function ActDialog({
  title,
  act: actName,
  isDangerous = false,
  reason: asksReason,
  whyNot = null,
  onAct,
  onClose,
  children,
}: ActParts) {
  const [reason, setReason] = useState('')
  const [isMissing, setMissing] = useState(false)
  const act = useAct()
  const submit = async () => {
    const said = reason.trim()
    setMissing(asksReason === 'required' && said === '')
    if (asksReason === 'required' && said === '') return
    await act.run(async () => {
      if ((await onAct(said)) !== false) onClose()
    })
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        {children}
        {asksReason !== undefined && (
          <Field
            label={asksReason === 'optional' ? `${actWords.reason} (${actWords.optional})` : actWords.reason}
            hint={actWords.reasonHint}
            error={isMissing ? actWords.reasonMissing : faultAt(act.error, '/reason')}
          >
            {(ids) => (
              <input
                {...ids}
                maxLength={300}
                autoComplete="off"
                required={asksReason === 'required'}
                value={reason}
                onChange={(event) => setReason(event.target.value)}
              />
            )}
          </Field>
        )}
        <ProblemBox error={act.error} />
        <div className="form-end">
          <Button type="submit" kind={isDangerous ? 'danger' : 'main'} busy={act.isBusy} whyNot={whyNot}>
            {actName}
          </Button>
          <Button kind="quiet" onClick={onClose}>
            {appWords.cancel}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
