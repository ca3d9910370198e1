import { DASHBOARD_BASE } from '../api/base.ts'
import { faultAt } from '../api/problem.ts'
import type { Owner } from '../owners/owner.queries.ts'
import { paths } from '../paths.ts'
import type { Scope } from '../scopes/scopes.queries.ts'
import { Button } from '../ui/button.tsx'
import { CopyField } from '../ui/copy.tsx'
import { Field } from '../ui/field.tsx'
import { Notice } from '../ui/notice.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import type { Act } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { newKeyWords as words } from '../words/new-key.ts'
import { durationWords } from '../words/time-words.ts'
import { type KeyDraft, linkOf } from './key-draft.ts'
import { KeyLimitsFields } from './key-limits.form.tsx'
import { allowsLifetime, type PolicyRules } from './policy-rules.ts'
import { ScopePicker } from './scope-picker.tsx'

interface FormParts {
  readonly draft: KeyDraft
  readonly onChange: (changes: Partial<KeyDraft>) => void
  readonly scopes: readonly Scope[]
  readonly owners: readonly Owner[]
  readonly rules: PolicyRules
  readonly environments: readonly string[]
  readonly act: Act
  readonly onSubmit: () => void
}

/** The form of a new key. The API checks it, and its faults are shown at their fields. */
export function NewKeyForm(parts: FormParts) {
  const { draft, onChange, scopes, owners, rules, environments, act, onSubmit } = parts
  const whyNot = useWhyNot()
  const usual = rules.usualSeconds === null ? null : words.usual(durationWords(rules.usualSeconds))
  const named = words.lifetimes.map(
    ([value, name]) => [value, value === 'longest' && usual !== null ? usual : name] as const,
  )
  const lifetimes = named.some(([value]) => value === draft.lifetime)
    ? named
    : [[draft.lifetime, durationWords(Number(draft.lifetime))] as const, ...named]
  return (
    <form
      className="form card"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit()
      }}
    >
      <ProblemBox error={act.error} />
      <div className="field-row">
        <Field label={words.owner} hint={words.ownerHint} error={faultAt(act.error, '/owner_id')}>
          {(ids) => (
            <>
              <input
                {...ids}
                required
                list="owners"
                autoComplete="off"
                value={draft.ownerId}
                onChange={(event) => onChange({ ownerId: event.target.value })}
              />
              <datalist id="owners">
                {owners.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name ?? ''}
                  </option>
                ))}
              </datalist>
            </>
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
      <ScopePicker
        scopes={scopes}
        chosen={draft.scopes}
        onChange={(chosen) => onChange({ scopes: chosen })}
      />
      {rules.allowedScopes !== null && <p className="hint">{words.someScopes}</p>}
      <div className="field-row">
        <Field
          label={words.lifetime}
          {...(rules.longestSeconds === null
            ? {}
            : { hint: words.policy(durationWords(rules.longestSeconds)) })}
          error={faultAt(act.error, '/lifetime_seconds')}
        >
          {(ids) => (
            <select
              {...ids}
              value={draft.lifetime}
              onChange={(event) => onChange({ lifetime: event.target.value })}
            >
              {lifetimes.map(([value, name]) => (
                <option key={value} value={value} disabled={!allowsLifetime(rules, value)}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
        {draft.lifetime === 'at' && (
          <Field label={words.expiresAt} error={faultAt(act.error, '/expires_at')}>
            {(ids) => (
              <input
                {...ids}
                type="datetime-local"
                value={draft.expiresAt}
                onChange={(event) => onChange({ expiresAt: event.target.value })}
              />
            )}
          </Field>
        )}
      </div>
      <Field label={words.note} hint={words.noteHint} error={faultAt(act.error, '/note')}>
        {(ids) => (
          <input
            {...ids}
            maxLength={500}
            autoComplete="off"
            value={draft.note}
            onChange={(event) => onChange({ note: event.target.value })}
          />
        )}
      </Field>
      <details className="more" open={rules.needsAllowList || undefined}>
        <summary>{words.more}</summary>
        {rules.needsAllowList && <Notice>{words.needsAllowList}</Notice>}
        <KeyLimitsFields draft={draft} onChange={onChange} error={act.error} />
      </details>
      <div className="form-end">
        <Button type="submit" busy={act.isBusy} whyNot={whyNot('keys:write')}>
          {words.create}
        </Button>
      </div>
      <details className="more">
        <summary>{words.link}</summary>
        <CopyField
          label={words.linkLabel}
          value={`${location.origin}${DASHBOARD_BASE}${paths.newKey.to(linkOf(draft))}`}
          hint={words.linkHint}
        />
      </details>
    </form>
  )
}
