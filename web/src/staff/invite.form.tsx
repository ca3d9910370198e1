import { useState } from 'react'
import type { IssuedInvitationWire } from '../../../src/staff/staff.wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { staffWords as words } from '../words/staff.ts'
import { RoleChoice } from './role-choice.tsx'

interface InviteParts {
  readonly onClose: () => void
  /** Gets the link once; it is kept nowhere else. */
  readonly onLink: (link: string) => void
}

/** Invites a person, by a link. */
export function InviteDialog({ onClose, onLink }: InviteParts) {
  const [email, setEmail] = useState('')
  const [role, setRole] = useState('viewer')
  const act = useAct()
  const invite = () =>
    act.run(async () => {
      const body = { email: email.trim(), role }
      const made = await change<typeof IssuedInvitationWire>('POST', '/v1/staff-invitations', body, {
        once: true,
      })
      onLink(made.url)
    })
  return (
    <Dialog title={words.inviteTitle} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void invite()
        }}
      >
        <ProblemBox error={act.error} />
        <Field label={words.email} hint={words.emailHint} error={faultAt(act.error, '/email')}>
          {(ids) => (
            <input
              {...ids}
              type="email"
              required
              autoComplete="off"
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          )}
        </Field>
        <RoleChoice chosen={role} onChoose={setRole} />
        <div className="form-end">
          <Button type="submit" busy={act.isBusy}>
            {words.send}
          </Button>
          <Button kind="quiet" onClick={onClose}>
            {appWords.cancel}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
