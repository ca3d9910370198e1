import { useState } from 'react'
import type { Static } from 'typebox'
import type { ChangedOwnerWire, OwnerChangeWire } from '../../../src/owners/owner.wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { Notice } from '../ui/notice.tsx'
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

/** Name, notice contacts, limits and policy. A change of the longest lifetime is tried first: it may end secrets. */
export function OwnerForm({ owner, onClose }: FormParts) {
  const [opened] = useState(owner)
  const [draft, setDraft] = useState<OwnerDraft>(() => draftOf(opened))
  const [effect, setEffect] = useState<{ shortened: number; ended: number } | null>(null)
  const act = useAct()
  const fill = (changes: Partial<OwnerDraft>) => {
    setDraft({ ...draft, ...changes })
    setEffect(null)
  }
  const text = (name: 'name' | 'noticeContacts' | 'maxKeys' | 'maxLifetimeDays' | 'quotaLimit') => ({
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
  const submit = () => {
    const body = bodyOf(draft, owner)
    if ('max_lifetime_seconds' in body && effect === null)
      return act.ask(async () => {
        const tried = await send({ ...body, dry_run: true })
        setEffect({ shortened: tried.secrets_shortened, ended: tried.secrets_ended })
      })
    return act.run(async () => {
      await send(body)
      onClose()
    })
  }
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
        <div className="field-row">
          <Field label={words.maxKeys} hint={words.maxKeysHint} error={faultAt(act.error, '/max_keys')}>
            {(ids) => <input {...ids} inputMode="numeric" {...text('maxKeys')} />}
          </Field>
          <Field
            label={words.maxLifetimeDays}
            hint={words.maxLifetimeHint}
            error={faultAt(act.error, '/max_lifetime_seconds')}
          >
            {(ids) => <input {...ids} inputMode="decimal" {...text('maxLifetimeDays')} />}
          </Field>
        </div>
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
        {effect !== null && (
          <Notice kind={effect.shortened + effect.ended > 0 ? 'warn' : 'plain'} isAnnounced>
            <p>{words.shortens(effect.shortened, effect.ended)}</p>
          </Notice>
        )}
        <ProblemBox error={act.error} />
        <div className="form-end">
          <Button type="submit" busy={act.isBusy}>
            {'max_lifetime_seconds' in bodyOf(draft, owner)
              ? effect === null
                ? words.preview
                : words.saveAnyway
              : words.save}
          </Button>
          <Button kind="quiet" onClick={onClose}>
            {appWords.cancel}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
