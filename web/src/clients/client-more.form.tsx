import { faultAt } from '../api/problem.ts'
import { Field } from '../ui/field.tsx'
import { clientWords as words } from '../words/clients.ts'
import type { ClientFormParts } from './client-form-parts.ts'

const PAGES = [
  ['clientUri', words.homepage, '/client_uri'],
  ['logoUri', words.logo, '/logo_uri'],
  ['policyUri', words.policy, '/policy_uri'],
  ['tosUri', words.terms, '/tos_uri'],
] as const

/** Optional fields of a client: pages for people, testers, the grace of refresh tokens. */
export function ClientMoreFields({ draft, onChange, isNew, isFromDocument, act }: ClientFormParts) {
  return (
    <>
      {!isFromDocument && (
        <>
          <Field label={words.description} error={faultAt(act.error, '/description')}>
            {(ids) => (
              <input
                {...ids}
                maxLength={500}
                autoComplete="off"
                value={draft.description}
                onChange={(event) => onChange({ description: event.target.value })}
              />
            )}
          </Field>
          <div className="field-row">
            {PAGES.map(([name, label, at]) => (
              <Field key={name} label={label} hint={words.pageHint} error={faultAt(act.error, at)}>
                {(ids) => (
                  <input
                    {...ids}
                    type="url"
                    autoComplete="off"
                    value={draft[name]}
                    onChange={(event) => onChange({ [name]: event.target.value })}
                  />
                )}
              </Field>
            ))}
          </div>
        </>
      )}
      <Field label={words.testers} hint={words.testersHint} error={faultAt(act.error, '/testers')}>
        {(ids) => (
          <textarea
            {...ids}
            rows={2}
            spellCheck={false}
            value={draft.testers}
            onChange={(event) => onChange({ testers: event.target.value })}
          />
        )}
      </Field>
      <Field label={`${words.grace} (s)`} error={faultAt(act.error, '/refresh_grace_seconds')}>
        {(ids) => (
          <input
            {...ids}
            inputMode="numeric"
            value={draft.graceSeconds}
            onChange={(event) => onChange({ graceSeconds: event.target.value })}
          />
        )}
      </Field>
      {isNew && (
        <Tick
          name="draft"
          label={words.draft}
          hint={words.draftHint}
          isOn={draft.draft}
          onChange={(isOn) => onChange({ draft: isOn })}
        />
      )}
      {!isFromDocument && (
        <Tick
          name="first-party"
          label={words.firstParty}
          hint={words.firstPartyHint}
          isOn={draft.firstParty}
          onChange={(isOn) => onChange({ firstParty: isOn })}
        />
      )}
    </>
  )
}

interface TickParts {
  readonly name: string
  readonly label: string
  readonly hint: string
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
}

function Tick({ name, label, hint, isOn, onChange }: TickParts) {
  return (
    <div className="choice">
      <input
        id={name}
        type="checkbox"
        checked={isOn}
        aria-describedby={`${name}-hint`}
        onChange={(event) => onChange(event.target.checked)}
      />
      <div>
        <label htmlFor={name}>{label}</label>
        <p id={`${name}-hint`} className="hint">
          {hint}
        </p>
      </div>
    </div>
  )
}
