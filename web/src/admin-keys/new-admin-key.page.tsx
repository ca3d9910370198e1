import { useState } from 'react'
import { useLocation } from 'wouter'
import type { IssuedAdminKeyWire } from '../../../src/admin-keys/admin-key.wire.ts'
import { ALL_PERMISSIONS, PERMISSIONS, type Permission } from '../../../src/management/permission.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { useCan } from '../api/session.ts'
import { paths } from '../paths.ts'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { momentOf } from '../ui/filter-input.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { settingsWords as words } from '../words/settings.ts'
import { AdminSecret } from './admin-secret.tsx'

/** Creates an admin key, then shows its secret once. */
export default function NewAdminKeyPage() {
  const can = useCan()
  const whyNot = useWhyNot()
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<readonly Permission[]>(['verify'])
  const [ownerId, setOwnerId] = useState('')
  const [expiresAt, setExpiresAt] = useState('')
  const [issued, setIssued] = useState<{ readonly name: string; readonly secret: string } | null>(null)
  const [, navigate] = useLocation()
  const act = useAct()
  if (issued !== null)
    return (
      <AdminSecret
        {...issued}
        onStored={() => {
          setIssued(null)
          navigate(paths.adminKeys.to(), { replace: true })
        }}
      />
    )
  const submit = () =>
    act.run(async () => {
      const body = {
        name: name.trim(),
        permissions: [...chosen],
        ...(ownerId.trim() === '' ? {} : { owner_id: ownerId.trim() }),
        ...(expiresAt === '' ? {} : { expires_at: momentOf(expiresAt) ?? expiresAt }),
      }
      const { secret, name: made } = await change<typeof IssuedAdminKeyWire>('POST', '/v1/admin-keys', body, {
        once: true,
      })
      setIssued({ name: made, secret })
    })
  const above = [
    { to: paths.settings.to(), words: words.title },
    { to: paths.adminKeys.to(), words: words.adminKeys },
  ]
  return (
    <Page title={words.create} lead={words.adminKeysLead} above={above}>
      <form
        className="form card"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <ProblemBox error={act.error} />
        <Field label={words.name} hint={words.nameHint} error={faultAt(act.error, '/name')}>
          {(ids) => (
            <input
              {...ids}
              required
              maxLength={100}
              autoComplete="off"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <fieldset>
          <legend>{words.permissions}</legend>
          <p className="hint">{words.permissionsHint}</p>
          <div className="scope-tools">
            <button type="button" className="button quiet" onClick={() => setChosen(['verify'])}>
              {words.verifyOnly}
            </button>
            <button type="button" className="button quiet" onClick={() => setChosen([])}>
              {words.nothing}
            </button>
          </div>
          {ALL_PERMISSIONS.map((permission) => (
            <label key={permission} className="choice">
              <input
                type="checkbox"
                checked={chosen.includes(permission)}
                disabled={!can(permission)}
                onChange={(event) =>
                  setChosen((now) =>
                    event.target.checked ? [...now, permission] : now.filter((each) => each !== permission),
                  )
                }
              />
              <span>
                <code>{permission}</code>{' '}
                <span className="hint">{PERMISSIONS[permission].replaceAll('`', '')}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <Field label={words.boundTo} hint={words.boundHint} error={faultAt(act.error, '/owner_id')}>
          {(ids) => (
            <input
              {...ids}
              autoComplete="off"
              value={ownerId}
              onChange={(event) => setOwnerId(event.target.value)}
            />
          )}
        </Field>
        <Field label={words.expiresAt} hint={words.expiresHint} error={faultAt(act.error, '/expires_at')}>
          {(ids) => (
            <input
              {...ids}
              type="datetime-local"
              value={expiresAt}
              onChange={(event) => setExpiresAt(event.target.value)}
            />
          )}
        </Field>
        <div className="form-end">
          <Button type="submit" busy={act.isBusy} whyNot={whyNot('admin_keys:write')}>
            {words.create}
          </Button>
          <Button kind="quiet" onClick={() => navigate(paths.adminKeys.to())}>
            {appWords.cancel}
          </Button>
        </div>
      </form>
    </Page>
  )
}
