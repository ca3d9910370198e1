import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { SingleSignOnWire } from '../../../src/staff/sso/single-sign-on.wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { CopyField } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { singleSignOnWords as words } from '../words/single-sign-on.ts'
import { staffWords } from '../words/staff.ts'
import { type SingleSignOn, singleSignOnQuery } from './settings.queries.ts'

const ROLES = ['viewer', 'support', 'developer', 'security']

/** Sets the identity provider. The client secret is sent, and never comes back. */
export function ProviderDialog({
  shown,
  onClose,
}: {
  readonly shown: SingleSignOn
  readonly onClose: () => void
}) {
  const { provider } = shown
  const [issuer, setIssuer] = useState(provider?.issuer ?? '')
  const [clientId, setClientId] = useState(provider?.client_id ?? '')
  const [secret, setSecret] = useState('')
  const [domains, setDomains] = useState(provider?.domains.join(', ') ?? '')
  const [role, setRole] = useState<string>(provider?.default_role ?? 'viewer')
  const cache = useQueryClient()
  const act = useAct()
  const save = async () => {
    const body = {
      issuer: issuer.trim(),
      client_id: clientId.trim(),
      ...(secret === '' ? {} : { client_secret: secret }),
      domains: domains.split(/[\s,]+/).filter((each) => each !== ''),
      default_role: role,
    }
    const done = await act.run(() => change<typeof SingleSignOnWire>('PUT', '/v1/single-sign-on', body))
    if (done === undefined) return
    cache.setQueryData(singleSignOnQuery.queryKey, done)
    onClose()
  }
  return (
    <Dialog title={provider === null ? words.set : words.change} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <ProblemBox error={act.error} />
        <CopyField label={words.redirect} value={shown.redirect_uri} hint={words.redirectHint} />
        <Field label={words.issuer} hint={words.issuerHint} error={faultAt(act.error, '/issuer')}>
          {(ids) => (
            <input
              {...ids}
              type="url"
              required
              autoComplete="off"
              value={issuer}
              onChange={(event) => setIssuer(event.target.value)}
            />
          )}
        </Field>
        <Field label={words.client} error={faultAt(act.error, '/client_id')}>
          {(ids) => (
            <input
              {...ids}
              required
              autoComplete="off"
              value={clientId}
              onChange={(event) => setClientId(event.target.value)}
            />
          )}
        </Field>
        <Field
          label={words.secret}
          hint={provider?.has_client_secret === true ? words.secretKept : words.secretHint}
          error={faultAt(act.error, '/client_secret')}
        >
          {(ids) => (
            <input
              {...ids}
              type="password"
              autoComplete="off"
              value={secret}
              onChange={(event) => setSecret(event.target.value)}
            />
          )}
        </Field>
        <Field label={words.domains} hint={words.domainsHint} error={faultAt(act.error, '/domains')}>
          {(ids) => (
            <input
              {...ids}
              autoComplete="off"
              value={domains}
              onChange={(event) => setDomains(event.target.value)}
            />
          )}
        </Field>
        <Field label={words.role} error={faultAt(act.error, '/default_role')}>
          {(ids) => (
            <select {...ids} value={role} onChange={(event) => setRole(event.target.value)}>
              {ROLES.map((each) => (
                <option key={each} value={each}>
                  {staffWords.roles[each] ?? each}
                </option>
              ))}
            </select>
          )}
        </Field>
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
