import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Static } from 'typebox'
import type { ChangedOwnerWire, OwnerChangeWire } from '../../../src/owners/owner.wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { scopesQuery } from '../scopes/scopes.queries.ts'
import { endsAtOnce, PolicyEffect } from '../settings/policy-effect.part.tsx'
import { Button } from '../ui/button.tsx'
import { Check } from '../ui/check.tsx'
import { CheckList } from '../ui/check-list.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { appWords } from '../words/app.ts'
import { ownPolicyWords as words } from '../words/own-policy.ts'
import { policyWords } from '../words/policies.ts'
import { type OwnPolicyDraft, ownBodyOf, ownDraftOf, reachesWhatExists } from './own-policy-draft.ts'
import type { Owner } from './owner.queries.ts'

interface FormParts {
  readonly owner: Owner
  readonly onClose: () => void
}

type Body = Static<typeof OwnerChangeWire>

/** The rules that replace the environments' for one owner. What reaches existing secrets and keys is tried first. */
export function OwnPolicyForm({ owner, onClose }: FormParts) {
  const [opened] = useState(owner)
  const [draft, setDraft] = useState<OwnPolicyDraft>(() => ownDraftOf(opened))
  const [isAtOnce, setAtOnce] = useState(false)
  const [effect, setEffect] = useState<Parameters<typeof PolicyEffect>[0]['effect'] | null>(null)
  const act = useAct()
  const body = ownBodyOf(draft, opened)
  const isSame = Object.keys(body).length === 0
  const needsPreview = reachesWhatExists(body) && effect === null
  const send = (more: Body) =>
    change<typeof ChangedOwnerWire, typeof OwnerChangeWire>(
      'PATCH',
      `/v1/owners/${encodeURIComponent(owner.id)}`,
      { ...body, ...more },
      { since: opened },
    )
  const preview = (atOnce: boolean) =>
    act.ask(async () => {
      const tried = await send({ dry_run: true, apply_at_once: atOnce })
      setEffect({ ...tried, counted_fully: true, first: [] })
    })
  const submit = () => {
    if (isSame) return
    if (needsPreview) return preview(isAtOnce)
    return act.run(async () => {
      await send({ apply_at_once: isAtOnce })
      onClose()
    })
  }
  return (
    <Dialog title={words.formTitle(owner.name ?? owner.id)} onClose={onClose}>
      <p className="hint">{words.formLead}</p>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <OwnRuleFields
          draft={draft}
          error={act.error}
          onChange={(changes) => {
            setDraft((now) => ({ ...now, ...changes }))
            setEffect(null)
          }}
        />
        {effect !== null && (
          <PolicyEffect
            effect={effect}
            isAtOnce={isAtOnce}
            onAtOnce={(atOnce) => {
              setAtOnce(atOnce)
              void preview(atOnce)
            }}
          />
        )}
        <ProblemBox error={act.error} />
        <div className="form-end">
          <Button
            type="submit"
            kind={effect !== null && endsAtOnce(effect) ? 'danger' : 'main'}
            busy={act.isBusy}
            whyNot={isSame ? words.nothing : null}
          >
            {needsPreview
              ? policyWords.preview
              : effect !== null && endsAtOnce(effect)
                ? policyWords.saveAtOnce
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

interface FieldsParts {
  readonly draft: OwnPolicyDraft
  readonly onChange: (changes: Partial<OwnPolicyDraft>) => void
  readonly error: unknown
}

type Text =
  | 'maxLifetime'
  | 'defaultLifetime'
  | 'maxOverlap'
  | 'maxKeys'
  | 'rotateEveryDays'
  | 'disableUnusedAfterDays'

function OwnRuleFields({ draft, onChange, error }: FieldsParts) {
  const scopes = useQuery(scopesQuery)
  const names = (chosen: readonly string[]) => [
    ...new Set([...(scopes.data ?? []).map(({ name }) => name), ...chosen]),
  ]
  const text = (name: Text, label: string, hint: string, fault: string) => (
    <Field label={label} hint={hint} error={faultAt(error, fault)}>
      {(ids) => (
        <input
          {...ids}
          value={draft[name]}
          autoComplete="off"
          onChange={(event) => onChange({ [name]: event.target.value })}
        />
      )}
    </Field>
  )
  const choice = (name: 'neverExpires' | 'allowlistRequired', label: string, yes: string, no: string) => (
    <Field label={label}>
      {(ids) => (
        <select
          {...ids}
          value={draft[name]}
          onChange={(event) => onChange({ [name]: event.target.value as OwnPolicyDraft[typeof name] })}
        >
          <option value="">{words.asEnvironment}</option>
          <option value="yes">{yes}</option>
          <option value="no">{no}</option>
        </select>
      )}
    </Field>
  )
  const listed = (
    name: 'allowedScopes' | 'ownerAllowedScopes',
    label: string,
    hint: string,
    legend: string,
  ) => {
    const chosen = draft[name]
    return (
      <>
        <Check
          label={label}
          hint={hint}
          isOn={chosen !== null}
          onChange={(on) => onChange({ [name]: on ? [] : null })}
        />
        {chosen !== null && (
          <CheckList
            legend={legend}
            checks={names(chosen).map((value) => ({ value }))}
            chosen={chosen}
            onChange={(next) => onChange({ [name]: next })}
          />
        )}
      </>
    )
  }
  const { rules } = policyWords
  return (
    <>
      <div className="field-row">
        {text('maxLifetime', rules.max_lifetime_seconds, words.duration, '/max_lifetime_seconds')}
        {text('defaultLifetime', rules.default_lifetime_seconds, words.duration, '/default_lifetime_seconds')}
      </div>
      <div className="field-row">
        {text('maxOverlap', rules.max_overlap_seconds, words.duration, '/max_overlap_seconds')}
        {text('maxKeys', words.maxKeys, words.maxKeysHint, '/max_keys')}
      </div>
      <div className="field-row">
        {text('rotateEveryDays', words.rotateEvery, words.empty, '/rotate_every_days')}
        {text('disableUnusedAfterDays', policyWords.disableUnused, words.empty, '/disable_unused_after_days')}
      </div>
      <div className="field-row">
        {choice('neverExpires', rules.never_expires_allowed, words.allowed, words.notAllowed)}
        {choice('allowlistRequired', rules.ip_allowlist_required, words.required, words.notRequired)}
      </div>
      <Check
        label={policyWords.noNotices}
        hint={policyWords.noNoticesHint}
        isOn={draft.noNotices}
        onChange={(noNotices) => onChange({ noNotices })}
      />
      {!draft.noNotices && (
        <Field label={policyWords.noticeTiers} hint={words.tiersHint} error={faultAt(error, '/notice_tiers')}>
          {(ids) => (
            <input
              {...ids}
              maxLength={60}
              value={draft.noticeTiers}
              autoComplete="off"
              onChange={(event) => onChange({ noticeTiers: event.target.value })}
            />
          )}
        </Field>
      )}
      {listed('allowedScopes', policyWords.someScopes, policyWords.someScopesHint, policyWords.scopes)}
      {listed('ownerAllowedScopes', words.ownerScopes, words.ownerScopesHint, policyWords.scopesOfOwners)}
    </>
  )
}
