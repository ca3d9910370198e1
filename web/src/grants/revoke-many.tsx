import { useState } from 'react'
import type { Static } from 'typebox'
import type { MomentText } from '../../../src/http/wire.ts'
import type { RevokedGrantsWire, RevokeGrantsWire } from '../../../src/oauth/grants/grant.wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { Notice } from '../ui/notice.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { actWords } from '../words/acts.ts'
import { appWords } from '../words/app.ts'
import { grantWords as words } from '../words/grants.ts'

interface Which {
  readonly user_id: string | undefined
  readonly client_id: string | undefined
  readonly owner_id: string | undefined
}

/** Counts the grants of a user, an app or an owner first, then revokes them: as many calls as it takes. */
export function RevokeMany({ which, onClose }: { readonly which: Which; readonly onClose: () => void }) {
  const [before, setBefore] = useState('')
  const [reason, setReason] = useState('')
  const [counted, setCounted] = useState<number | null>(null)
  const [said, setSaid] = useState<string | null>(null)
  const [isMissing, setMissing] = useState(false)
  const act = useAct()
  const whyNot = useWhyNot()
  const send = (isDryRun: boolean) => {
    const filter = Object.fromEntries(Object.entries(which).filter(([, value]) => value !== undefined))
    const body: Static<typeof RevokeGrantsWire> = {
      ...filter,
      reason: reason.trim(),
      dry_run: isDryRun,
      ...(before === '' ? {} : { granted_before: new Date(before).toISOString() as never as MomentText }),
    }
    return change<typeof RevokedGrantsWire, typeof RevokeGrantsWire>('POST', '/v1/grant-revocations', body)
  }
  const submit = async () => {
    setMissing(reason.trim() === '')
    if (reason.trim() === '') return
    if (counted === null) return void (await act.ask(async () => setCounted((await send(true)).revoked)))
    await act.run(async () => {
      const { revoked, remaining } = await send(false)
      setCounted(remaining === 0 ? null : remaining)
      setSaid(words.revokedSome(revoked, remaining))
    })
  }
  const again = () => {
    setCounted(null)
    setSaid(null)
  }
  return (
    <Dialog title={words.revokeManyTitle} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <p>{words.revokeManyWords}</p>
        <ul>
          {Object.entries(which)
            .filter(([, value]) => value !== undefined)
            .map(([name, value]) => (
              <li key={name}>
                {words.only[name]} <code>{value}</code>
              </li>
            ))}
        </ul>
        <Field label={words.before} hint={words.beforeHint} error={faultAt(act.error, '/granted_before')}>
          {(ids) => (
            <input
              {...ids}
              type="datetime-local"
              value={before}
              onChange={(event) => {
                setBefore(event.target.value)
                again()
              }}
            />
          )}
        </Field>
        <Field
          label={actWords.reason}
          hint={actWords.reasonHint}
          error={isMissing ? actWords.reasonMissing : faultAt(act.error, '/reason')}
        >
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
        <div role="status">
          {said !== null && (
            <Notice kind="good">
              <p>{said}</p>
            </Notice>
          )}
          {counted !== null && (
            <Notice kind={counted > 0 ? 'alert' : 'plain'}>
              <p>{words.dryRunSays(counted)}</p>
            </Notice>
          )}
        </div>
        <ProblemBox error={act.error} />
        <div className="form-end">
          {counted === 0 ? null : (
            <Button
              type="submit"
              kind={counted === null ? 'main' : 'danger'}
              busy={act.isBusy}
              whyNot={whyNot('grants:write')}
            >
              {counted === null ? words.dryRun : words.revokeCounted(counted)}
            </Button>
          )}
          <Button kind="quiet" onClick={onClose}>
            {said === null ? appWords.cancel : appWords.close}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
