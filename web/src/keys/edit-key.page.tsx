import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import type { KeyChangeWire, KeyWire } from '../../../src/keys/key.wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { paths } from '../paths.ts'
import { type Scope, scopesQuery } from '../scopes/scopes.queries.ts'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { editWords as words } from '../words/edit-key.ts'
import { keyWords } from '../words/keys.ts'
import { newKeyWords } from '../words/new-key.ts'
import { changesOf, editOf } from './key-edit.ts'
import { KeyLimitsFields } from './key-limits.form.tsx'
import { type KeyRow, keyQuery } from './keys.queries.ts'
import { ScopePicker } from './scope-picker.tsx'

/** Changes a key in place; only what was changed is sent. */
export default function EditKeyPage({ id }: { readonly id: string }) {
  const key = useQuery(keyQuery(id))
  const scopes = useQuery(scopesQuery)
  const name = key.data?.name ?? keyWords.key
  return (
    <Page
      title={words.title(name)}
      lead={words.lead}
      above={[
        { to: paths.keys.to({ state: 'live' }), words: keyWords.title },
        { to: paths.key.to(id), words: name },
      ]}
    >
      <Loaded query={scopes}>
        {(catalogue) => (
          <Loaded query={key}>{(found) => <EditForm keyRow={found} scopes={catalogue} />}</Loaded>
        )}
      </Loaded>
    </Page>
  )
}

interface FormParts {
  readonly keyRow: KeyRow
  readonly scopes: readonly Scope[]
}

function EditForm({ keyRow, scopes }: FormParts) {
  // As it was when the form was opened: the key is read again every half minute.
  const [opened] = useState(keyRow)
  const [before] = useState(() => editOf(opened))
  const [edit, setEdit] = useState(before)
  const act = useAct()
  const whyNot = useWhyNot()
  const [, navigate] = useLocation()
  const { id } = keyRow
  const removed = before.scopes.filter((scope) => !edit.scopes.includes(scope))
  const added = edit.scopes.filter((scope) => !before.scopes.includes(scope))
  const save = async () => {
    const changes = changesOf(before, edit, keyRow.rate_limits)
    const isSaved = await act.run(async () => {
      if (Object.keys(changes).length > 0)
        await change<typeof KeyWire, typeof KeyChangeWire>('PATCH', `/v1/keys/${id}`, changes, {
          since: opened,
        })
      return true
    })
    if (isSaved === true) navigate(paths.key.to(id))
  }
  return (
    <form
      className="form card"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <ProblemBox error={act.error} />
      <Field label={newKeyWords.name} error={faultAt(act.error, '/name')}>
        {(ids) => (
          <input
            {...ids}
            maxLength={100}
            autoComplete="off"
            value={edit.name}
            onChange={(event) => setEdit({ ...edit, name: event.target.value })}
          />
        )}
      </Field>
      <ScopePicker
        scopes={scopes}
        chosen={edit.scopes}
        onChange={(chosen) => setEdit({ ...edit, scopes: chosen })}
      />
      {removed.length > 0 && <Notice kind="warn">{words.removed(removed)}</Notice>}
      {added.length > 0 && <Notice kind="warn">{words.added(added)}</Notice>}
      <Field
        label={newKeyWords.lifetime}
        error={faultAt(act.error, '/expires_at')}
        hint={newKeyWords.expiresAt}
      >
        {(ids) => (
          <input
            {...ids}
            type="datetime-local"
            step={1}
            value={edit.expiresAt}
            onChange={(event) => setEdit({ ...edit, expiresAt: event.target.value })}
          />
        )}
      </Field>
      <Field label={newKeyWords.note} hint={newKeyWords.noteHint} error={faultAt(act.error, '/note')}>
        {(ids) => (
          <input
            {...ids}
            maxLength={500}
            autoComplete="off"
            value={edit.note}
            onChange={(event) => setEdit({ ...edit, note: event.target.value })}
          />
        )}
      </Field>
      <KeyLimitsFields
        draft={edit}
        onChange={(changes) => setEdit({ ...edit, ...changes })}
        error={act.error}
      />
      <div className="form-end">
        <Button type="submit" busy={act.isBusy} whyNot={whyNot('keys:write')}>
          {words.save}
        </Button>
        <ButtonLink kind="quiet" to={paths.key.to(id)}>
          {words.cancel}
        </ButtonLink>
      </div>
    </form>
  )
}
