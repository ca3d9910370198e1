import { faultAt } from '../api/problem.ts'
import { Button } from '../ui/button.tsx'
import { CheckList } from '../ui/check-list.tsx'
import { Field } from '../ui/field.tsx'
import { Notice } from '../ui/notice.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { clientWords as words } from '../words/clients.ts'
import { ClientAuthenticationFields } from './client-authentication.form.tsx'
import type { ClientFormParts } from './client-form-parts.ts'
import { ClientMoreFields } from './client-more.form.tsx'

/** The form of a client. The API checks it, and its faults are shown at their fields. */
export function ClientForm(parts: ClientFormParts) {
  const { draft, onChange, scopes, isNew, isFromDocument, act, whyNot, onSubmit } = parts
  const usesUser = draft.grantTypes.includes('authorization_code')
  return (
    <form
      className="form card"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (whyNot === null) onSubmit()
      }}
    >
      <ProblemBox error={act.error} />
      {isFromDocument ? (
        <Notice>{words.fromDocument}</Notice>
      ) : (
        <>
          <Field label={words.name} hint={words.nameHint} error={faultAt(act.error, '/name')}>
            {(ids) => (
              <input
                {...ids}
                required
                maxLength={100}
                autoComplete="off"
                value={draft.name}
                onChange={(event) => onChange({ name: event.target.value })}
              />
            )}
          </Field>
          <ClientAuthenticationFields {...parts} />
          {usesUser && (
            <Field
              label={words.redirects}
              hint={words.redirectsHint}
              error={faultAt(act.error, '/redirect_uris')}
            >
              {(ids) => (
                <textarea
                  {...ids}
                  rows={3}
                  spellCheck={false}
                  value={draft.redirectUris}
                  onChange={(event) => onChange({ redirectUris: event.target.value })}
                />
              )}
            </Field>
          )}
        </>
      )}
      <CheckList
        legend={words.ceiling}
        hint={words.ceilingLead}
        error={faultAt(act.error, '/scopes')}
        checks={scopes.map(({ name, description, deprecated_at }) => ({
          value: name,
          hint: description,
          isOff: deprecated_at !== null && !draft.scopes.includes(name),
        }))}
        chosen={draft.scopes}
        onChange={(chosen) => onChange({ scopes: chosen })}
      />
      {draft.scopes.length > 0 && (
        <CheckList
          legend={words.requiredHint}
          error={faultAt(act.error, '/required_scopes')}
          checks={draft.scopes.map((value) => ({ value }))}
          chosen={draft.requiredScopes}
          onChange={(chosen) => onChange({ requiredScopes: chosen })}
        />
      )}
      <details className="more">
        <summary>{words.more}</summary>
        <ClientMoreFields {...parts} />
      </details>
      <div className="form-end">
        <Button type="submit" busy={act.isBusy} whyNot={whyNot}>
          {isNew ? words.register : words.save}
        </Button>
      </div>
    </form>
  )
}
