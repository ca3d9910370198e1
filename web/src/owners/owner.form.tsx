import { useState } from 'react'
import type { Static } from 'typebox'
import type { ChangedOwnerWire, OwnerChangeWire } from '../../../src/owners/owner.wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { ownerWords as words } from '../words/owners.ts'
import type { Owner } from './owner.queries.ts'
import { bodyOf, draftOf, type OwnerDraft } from './owner-draft.ts'
import { RateLimitFields } from './rate-limits.form.tsx'

interface FormParts {
  readonly owner: Owner
  readonly onClose: () => void
}

type Body = Static<typeof OwnerChangeWire>

/** Name, notice contacts and limits. */
export function OwnerForm({ owner, onClose }: FormParts) {
  const [opened] = useState(owner)
  const [draft, setDraft] = useState<OwnerDraft>(() => draftOf(opened))
  const act = useAct()
  const fill = (changes: Partial<OwnerDraft>) => setDraft({ ...draft, ...changes })
  const text = (name: 'name' | 'noticeContacts' | 'quotaLimit') => ({
    value: draft[name],
    autoComplete: 'off',
    onChange: (event: { target: { value: string } }) => fill({ [name]: event.target.value }),
  })
  const send = (body: Body) =>
    change<typeof ChangedOwnerWire, typeof OwnerChangeWire>(
      'PATCH',
      `/v1/owners/${encodeURIComponent(owner.id)}`,
      body,
      { since: opened },
    )
  const submit = () =>
    act.run(async () => {
      await send(bodyOf(draft, opened))
      onClose()
    })
  return (
    <Dialog title={words.formTitle(owner.name ?? owner.id)} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <Field label={words.displayName} hint={words.displayNameHint} error={faultAt(act.error, '/name')}>
          {(ids) => <input {...ids} maxLength={200} {...text('name')} />}
        </Field>
        <Field label={words.notice} hint={words.noticeHint} error={faultAt(act.error, '/notice_contacts')}>
          {(ids) => <input {...ids} maxLength={2600} {...text('noticeContacts')} />}
        </Field>
        <RateLimitFields
          rates={draft.rates}
          onChange={(rates) => fill({ rates })}
          error={faultAt(act.error, '/rate_limits')}
        />
        <div className="field-row">
          <Field label={words.quotaUnits} hint={words.quotaHint} error={faultAt(act.error, '/quota')}>
            {(ids) => <input {...ids} inputMode="numeric" {...text('quotaLimit')} />}
          </Field>
          <Field label={words.quotaPeriod}>
            {(ids) => (
              <select
                {...ids}
                value={draft.quotaPeriod}
                onChange={(event) => fill({ quotaPeriod: event.target.value === 'month' ? 'month' : 'day' })}
              >
                {Object.entries(words.quotaPeriods).map(([value, name]) => (
                  <option key={value} value={value}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <ProblemBox error={act.error} />
        <div className="form-end">
          <Button type="submit" busy={act.isBusy}>
            {words.save}
          </Button>
          <Button kind="quiet" onClick={onClose}>
            {appWords.cancel}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
