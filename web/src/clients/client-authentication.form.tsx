import { faultAt } from '../api/problem.ts'
import { CheckList } from '../ui/check-list.tsx'
import { Field } from '../ui/field.tsx'
import { clientWords as words } from '../words/clients.ts'
import { type ClientDraft, methodsFor } from './client-draft.ts'
import type { ClientFormParts } from './client-form-parts.ts'

const GRANT_TYPES = ['authorization_code', 'refresh_token', 'client_credentials'] as const
const TYPES = ['confidential', 'public'] as const

/** Authentication method and grant types of a client. Type, owner and environment are set once. */
export function ClientAuthenticationFields({
  draft,
  onChange,
  scopes,
  environments,
  isNew,
  act,
}: ClientFormParts) {
  return (
    <>
      {isNew && (
        <>
          <fieldset>
            <legend>{words.type}</legend>
            {TYPES.map((type) => (
              <div className="choice" key={type}>
                <input
                  id={`type-${type}`}
                  type="radio"
                  name="type"
                  checked={draft.type === type}
                  aria-describedby={`type-${type}-hint`}
                  onChange={() => onChange({ type, method: methodsFor(type)[0] ?? 'none' })}
                />
                <div>
                  <label htmlFor={`type-${type}`}>{words.types[type]}</label>
                  <p id={`type-${type}-hint`} className="hint">
                    {words.typeHints[type]}
                  </p>
                </div>
              </div>
            ))}
          </fieldset>
          <div className="field-row">
            <Field label={words.owner} hint={words.ownerHint} error={faultAt(act.error, '/owner_id')}>
              {(ids) => (
                <input
                  {...ids}
                  autoComplete="off"
                  value={draft.ownerId}
                  onChange={(event) => onChange({ ownerId: event.target.value })}
                />
              )}
            </Field>
            <Field label={words.environment} error={faultAt(act.error, '/environment')}>
              {(ids) => (
                <select
                  {...ids}
                  value={draft.environment}
                  onChange={(event) => onChange({ environment: event.target.value })}
                >
                  {environments.map((each) => (
                    <option key={each}>{each}</option>
                  ))}
                </select>
              )}
            </Field>
          </div>
        </>
      )}
      {draft.type === 'confidential' && (
        <Field label={words.method} error={faultAt(act.error, '/token_endpoint_auth_method')}>
          {(ids) => (
            <select
              {...ids}
              value={draft.method}
              onChange={(event) => onChange({ method: event.target.value as ClientDraft['method'] })}
            >
              {methodsFor(draft.type).map((method) => (
                <option key={method} value={method}>
                  {words.methods[method]}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {draft.method === 'private_key_jwt' && (
        <Field label={words.jwksUri} hint={words.pageHint} error={faultAt(act.error, '/jwks')}>
          {(ids) => (
            <input
              {...ids}
              type="url"
              autoComplete="off"
              value={draft.jwksUri}
              onChange={(event) => onChange({ jwksUri: event.target.value })}
            />
          )}
        </Field>
      )}
      <CheckList
        legend={words.grantTypes}
        error={faultAt(act.error, '/grant_types')}
        checks={GRANT_TYPES.map((value) => ({
          value,
          hint: words.grantTypeHints[value] ?? '',
          isOff: value === 'client_credentials' && draft.type === 'public',
        }))}
        chosen={draft.grantTypes}
        onChange={(chosen) => onChange({ grantTypes: chosen })}
      />
      {draft.grantTypes.includes('client_credentials') && (
        <CheckList
          legend={words.withoutUser}
          error={faultAt(act.error, '/client_credentials_scopes')}
          checks={scopes.map(({ name, description }) => ({ value: name, hint: description }))}
          chosen={draft.clientCredentialsScopes}
          onChange={(chosen) => onChange({ clientCredentialsScopes: chosen })}
        />
      )}
    </>
  )
}
