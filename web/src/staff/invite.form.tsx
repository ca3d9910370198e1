import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { IssuedInvitationWire } from '../../../src/staff/staff.wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { CopyField } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { staffWords as words } from '../words/staff.ts'
import { RoleChoice } from './role-choice.tsx'

/** Invites a person; the link is shown once, and kept nowhere else. */
export function InviteDialog({ onClose }: { readonly onClose: () => void }) {
  const [email, setEmail] = useState('')
  const [role, setRole] = useState('viewer')
  const [url, setUrl] = useState<string | null>(null)
  const cache = useQueryClient()
  const act = useAct()
  const invite = () =>
    act.run(async () => {
      const body = { email: email.trim(), role }
      const made = await change<typeof IssuedInvitationWire>('POST', '/v1/staff-invitations', body, {
        once: true,
      })
      setUrl(made.url)
      void cache.invalidateQueries({ queryKey: ['staff', 'invitations'] })
    })
  if (url !== null)
    return (
      <Dialog title={words.inviteTitle} onClose={() => {}}>
        <CopyField label={words.link} value={url} hint={words.linkHint} />
        <div className="form-end">
          <Button onClick={onClose}>{words.linkDone}</Button>
        </div>
      </Dialog>
    )
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
