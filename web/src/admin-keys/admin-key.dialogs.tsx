import { useState } from 'react'
import type { AdminKeyWire, IssuedAdminKeyWire } from '../../../src/admin-keys/admin-key.wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { settingsWords as words } from '../words/settings.ts'
import type { AdminKey } from './admin-keys.queries.ts'

interface RotateParts {
  readonly of: AdminKey
  readonly onClose: () => void
  /** The new secret, where there is one. */
  readonly onDone: (secret: string | null) => void
}

/** Starts a rotation, or ends the one that runs: finish it, or take the new secret back. */
export function RotateAdminKey({ of: { id, name, rotation }, onClose, onDone }: RotateParts) {
  const [overlap, setOverlap] = useState(words.overlaps[0]?.[0] ?? '0')
  const act = useAct()
  const start = () =>
    act.run(async () => {
      const body = { overlap_seconds: Number(overlap) }
      const made = await change<typeof IssuedAdminKeyWire>('POST', `/v1/admin-keys/${id}/rotate`, body, {
        once: true,
      })
      onDone(made.secret)
    })
  const end = (how: 'finish' | 'undo') =>
    act.run(async () => {
      await change<typeof AdminKeyWire>('POST', `/v1/admin-keys/${id}/rotation/${how}`, {})
      onDone(null)
    })
  return (
    <Dialog title={rotation === null ? words.rotateTitle(name) : words.finishTitle(name)} onClose={onClose}>
      <ProblemBox error={act.error} />
      {rotation === null ? (
        <>
          <p>{words.rotateEffect}</p>
          <Field label={words.overlap} error={faultAt(act.error, '/overlap_seconds')}>
            {(ids) => (
              <select {...ids} value={overlap} onChange={(event) => setOverlap(event.target.value)}>
                {words.overlaps.map(([value, text]) => (
                  <option key={value} value={value}>
                    {text}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </>
      ) : (
        <p>{rotation.advice}</p>
      )}
      <div className="form-end">
        {rotation === null ? (
          <Button busy={act.isBusy} onClick={() => void start()}>
            {words.rotate}
          </Button>
        ) : (
          <>
            <Button busy={act.isBusy} onClick={() => void end('finish')}>
              {words.finish}
            </Button>
            <Button kind="quiet" busy={act.isBusy} onClick={() => void end('undo')}>
              {words.undo}
            </Button>
          </>
        )}
        <Button kind="quiet" onClick={onClose}>
          {appWords.cancel}
        </Button>
      </div>
    </Dialog>
  )
}

interface RevokeParts {
  readonly of: AdminKey
  readonly onClose: () => void
  readonly onDone: () => void
}

export function RevokeAdminKey({ of: { id, name, hint }, onClose, onDone }: RevokeParts) {
  const [reason, setReason] = useState('')
  const act = useAct()
  const revoke = () =>
    act.run(async () => {
      await change<typeof AdminKeyWire>('POST', `/v1/admin-keys/${id}/revoke`, { reason: reason.trim() })
      onDone()
    })
  return (
    <Dialog title={words.revokeTitle(name)} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void revoke()
        }}
      >
        <ProblemBox error={act.error} />
        <p>
          <code>{hint}</code> {words.revokeEffect}
        </p>
        <Field label={words.reason} error={faultAt(act.error, '/reason')}>
          {(ids) => (
            <input
              {...ids}
              required
              maxLength={500}
              autoComplete="off"
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
        <div className="form-end">
          <Button type="submit" kind="danger" busy={act.isBusy}>
            {words.revoke}
          </Button>
          <Button kind="quiet" onClick={onClose}>
            {appWords.cancel}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
