import { useState } from 'react'
import type { AdminKeyWire, IssuedAdminKeyWire } from '../../../src/admin-keys/admin-key.wire.ts'
import { change } from '../api/request.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
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
  /** Gets the new secret once; it is kept nowhere else. */
  readonly onSecret: (secret: string) => void
}

/** Starts a rotation, or ends the one that runs: finish it, or take the new secret back. */
export function RotateAdminKey({ of, onClose, onSecret }: RotateParts) {
  return of.rotation === null ? (
    <StartRotation of={of} onClose={onClose} onSecret={onSecret} />
  ) : (
    <EndRotation of={of} advice={of.rotation.advice} onClose={onClose} />
  )
}

function StartRotation({ of: { id, name }, onClose, onSecret }: RotateParts) {
  const [overlap, setOverlap] = useState(words.overlaps[0]?.[0] ?? '0')
  return (
    <ActDialog
      title={words.rotateTitle(name)}
      act={words.rotate}
      onClose={onClose}
      onAct={async () => {
        const body = { overlap_seconds: Number(overlap) }
        const made = await change<typeof IssuedAdminKeyWire>('POST', `/v1/admin-keys/${id}/rotate`, body, {
          once: true,
        })
        onSecret(made.secret)
      }}
    >
      <p>{words.rotateEffect}</p>
      <Field label={words.overlap}>
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
    </ActDialog>
  )
}

interface EndParts {
  readonly of: AdminKey
  readonly advice: string
  readonly onClose: () => void
}

function EndRotation({ of: { id, name }, advice, onClose }: EndParts) {
  const act = useAct()
  const end = (how: 'finish' | 'undo') =>
    act.run(async () => {
      await change<typeof AdminKeyWire>('POST', `/v1/admin-keys/${id}/rotation/${how}`, {})
      onClose()
    })
  return (
    <Dialog title={words.finishTitle(name)} onClose={onClose}>
      <ProblemBox error={act.error} />
      <p>{advice}</p>
      <div className="form-end">
        <Button busy={act.isBusy} onClick={() => void end('finish')}>
          {words.finish}
        </Button>
        <Button kind="quiet" busy={act.isBusy} onClick={() => void end('undo')}>
          {words.undo}
        </Button>
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
}

export function RevokeAdminKey({ of: { id, name, hint }, onClose }: RevokeParts) {
  return (
    <ActDialog
      title={words.revokeTitle(name)}
      act={words.revoke}
      isDangerous
      reason="required"
      onClose={onClose}
      onAct={(reason) => change<typeof AdminKeyWire>('POST', `/v1/admin-keys/${id}/revoke`, { reason })}
    >
      <p>
        <code>{hint}</code> {words.revokeEffect}
      </p>
    </ActDialog>
  )
}
