import type { Static } from 'typebox'
import type { ConfiguredPolicyWire } from '../../../src/owners/policy.wire.ts'
import { faultAt } from '../api/problem.ts'
import type { Scope } from '../scopes/scopes.queries.ts'
import { Check } from '../ui/check.tsx'
import { CheckList } from '../ui/check-list.tsx'
import { Field } from '../ui/field.tsx'
import { policyWords as words } from '../words/policies.ts'
import type { Policies } from './policy.queries.ts'
import { draftOf, type PolicyDraft } from './policy-draft.part.ts'

interface FieldsParts {
  readonly draft: PolicyDraft
  readonly onChange: (changes: Partial<PolicyDraft>) => void
  readonly presets: Policies['presets']
  readonly scopes: readonly Scope[]
  /** Null while it is not known. */
  readonly configured: Static<typeof ConfiguredPolicyWire> | null
  readonly error: unknown
}

type Text = {
  [Name in keyof PolicyDraft]: PolicyDraft[Name] extends string ? Name : never
}[keyof PolicyDraft]

/** One field for each rule, and the presets that fill them in. */
export function PolicyFields({ draft, onChange, presets, scopes, configured, error }: FieldsParts) {
  const text = (name: Text) => ({
    value: draft[name],
    autoComplete: 'off',
    onChange: (event: { target: { value: string } }) => onChange({ [name]: event.target.value }),
  })
  const longest =
    configured === null ? '…' : words.value('max_lifetime_seconds', configured.max_lifetime_seconds)
  return (
    <>
      <Field label={words.preset} hint={words.presetHint}>
        {(ids) => (
          <select
            {...ids}
            value=""
            onChange={(event) => {
              const preset = presets.find(({ name }) => name === event.target.value)
              if (preset !== undefined) onChange(draftOf(preset.rules))
            }}
          >
            <option value="">{words.choose}</option>
            {presets.map(({ name }) => (
              <option key={name} value={name}>
                {words.presets[name] ?? name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <div className="field-row">
        <Field
          label={words.maxLifetime}
          hint={words.maxLifetimeHint(longest)}
          error={faultAt(error, '/max_lifetime_seconds')}
        >
          {(ids) => <input {...ids} {...text('maxLifetime')} />}
        </Field>
        <Field
          label={words.defaultLifetime}
          hint={words.defaultLifetimeHint}
          error={faultAt(error, '/default_lifetime_seconds')}
        >
          {(ids) => <input {...ids} {...text('defaultLifetime')} />}
        </Field>
      </div>
      <Check
        label={words.never}
        hint={words.neverHint}
        isOn={draft.neverExpiresAllowed}
        onChange={(neverExpiresAllowed) => onChange({ neverExpiresAllowed })}
      />
      <div className="field-row">
        <Field
          label={words.maxOverlap}
          hint={words.maxOverlapHint}
          error={faultAt(error, '/max_overlap_seconds')}
        >
          {(ids) => <input {...ids} {...text('maxOverlap')} />}
        </Field>
        <Field label={words.maxKeys} hint={words.maxKeysHint} error={faultAt(error, '/max_keys')}>
          {(ids) => <input {...ids} inputMode="numeric" {...text('maxKeys')} />}
        </Field>
      </div>
      <div className="field-row">
        <Field
          label={words.rotateEvery}
          hint={words.rotateEveryHint}
          error={faultAt(error, '/rotate_every_days')}
        >
          {(ids) => <input {...ids} inputMode="numeric" {...text('rotateEveryDays')} />}
        </Field>
        <Field
          label={words.disableUnused}
          hint={words.disableUnusedHint}
          error={faultAt(error, '/disable_unused_after_days')}
        >
          {(ids) => <input {...ids} inputMode="numeric" {...text('disableUnusedAfterDays')} />}
        </Field>
      </div>
      <Check
        label={words.noNotices}
        hint={words.noNoticesHint}
        isOn={draft.noNotices}
        onChange={(noNotices) => onChange({ noNotices })}
      />
      {!draft.noNotices && (
        <Field label={words.noticeTiers} hint={words.noticeTiersHint} error={faultAt(error, '/notice_tiers')}>
          {(ids) => <input {...ids} maxLength={60} {...text('noticeTiers')} />}
        </Field>
      )}
      <Check
        label={words.allowList}
        hint={words.allowListHint}
        isOn={draft.ipAllowlistRequired}
        onChange={(ipAllowlistRequired) => onChange({ ipAllowlistRequired })}
      />
      <Check
        label={words.someScopes}
        hint={words.someScopesHint}
        isOn={draft.allowedScopes !== null}
        onChange={(isOn) => onChange({ allowedScopes: isOn ? [] : null })}
      />
      {draft.allowedScopes !== null && (
        <CheckList
          legend={words.scopes}
          error={faultAt(error, '/allowed_scopes')}
          checks={namesOf(scopes, draft.allowedScopes).map((value) => ({ value }))}
          chosen={draft.allowedScopes}
          onChange={(allowedScopes) => onChange({ allowedScopes })}
        />
      )}
      <Check
        label={words.ownerScopes}
        hint={words.ownerScopesHint}
        isOn={draft.ownerAllowedScopes !== null}
        onChange={(isOn) => onChange({ ownerAllowedScopes: isOn ? [] : null })}
      />
      {draft.ownerAllowedScopes !== null && (
        <CheckList
          legend={words.scopesOfOwners}
          error={faultAt(error, '/owner_allowed_scopes')}
          checks={namesOf(scopes, draft.ownerAllowedScopes).map((value) => ({ value }))}
          chosen={draft.ownerAllowedScopes}
          onChange={(ownerAllowedScopes) => onChange({ ownerAllowedScopes })}
        />
      )}
    </>
  )
}

/** Those of the catalogue, and those that were chosen and have been removed from it. */
function namesOf(scopes: readonly Scope[], chosen: readonly string[]): readonly string[] {
  return [...new Set([...scopes.map(({ name }) => name), ...chosen])]
}
