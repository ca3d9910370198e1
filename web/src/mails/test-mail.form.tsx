import { useState } from 'react'
import type { DeliveryWire, MailTestWire } from '../../../src/notices/mail.wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { useSession } from '../api/session.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { mailWords as words } from '../words/mails.ts'

/** Sends a test mail, first of all to the person who asks for it. */
export function TestMail({ onClose }: { readonly onClose: () => void }) {
  const { staff } = useSession()
  const [to, setTo] = useState<string>(staff.email)
  const act = useAct()
  const send = () =>
    act.run(async () => {
      await change<typeof DeliveryWire, typeof MailTestWire>('POST', '/v1/mails/test', { to: to.trim() })
      onClose()
    })
  return (
    <Dialog title={words.test} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <Field label={words.testTo} hint={words.testHint} error={faultAt(act.error, '/to')}>
          {(ids) => (
            <input
              {...ids}
              type="email"
              maxLength={254}
              value={to}
              onChange={({ target }) => setTo(target.value)}
            />
          )}
        </Field>
        <ProblemBox error={act.error} />
        <div className="form-end">
          <Button type="submit" busy={act.isBusy}>
            {words.test}
          </Button>
          <Button kind="quiet" onClick={onClose}>
            {appWords.cancel}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
