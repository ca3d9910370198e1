import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Static } from 'typebox'
import { useLocation } from 'wouter'
import type { ChangedPolicyWire, PolicyChangeWire } from '../../../src/owners/environment-policy.wire.ts'
import { change } from '../api/request.ts'
import { paths } from '../paths.ts'
import { scopesQuery } from '../scopes/scopes.queries.ts'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Empty } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { policyWords as words } from '../words/policies.ts'
import { settingsWords } from '../words/settings.ts'
import { PolicyFields } from './policy.form.tsx'
import { type EnvironmentPolicy, type Policies, policiesQuery } from './policy.queries.ts'
import { bodyOf, draftOf, ownRules, type PolicyDraft, rulesOf } from './policy-draft.part.ts'
import { endsAtOnce, PolicyDifference, PolicyEffect } from './policy-effect.part.tsx'
import { configuredPolicyQuery } from './settings.queries.ts'

/** Changes the rules of an environment, after a preview of what that would end. */
export default function EditPolicyPage({ id: environment }: { readonly id: string }) {
  const policies = useQuery(policiesQuery())
  return (
    <Page
      title={words.editTitle(environment)}
      lead={words.editLead}
      above={[
        { to: paths.settings.to(), words: settingsWords.title },
        { to: paths.policies.to(), words: words.title },
      ]}
    >
      <Loaded query={policies}>
        {({ data, presets }) => {
          const policy = data.find((each) => each.environment === environment)
          if (policy === undefined) return <Empty title={words.noneThere(environment)} />
          return <PolicyEditor policy={policy} presets={presets} />
        }}
      </Loaded>
    </Page>
  )
}

type Effect = NonNullable<Static<typeof ChangedPolicyWire>['effect']>

function PolicyEditor({
  policy,
  presets,
}: {
  readonly policy: EnvironmentPolicy
  readonly presets: Policies['presets']
}) {
  const { environment } = policy
  const [opened] = useState(policy)
  const [before] = useState(() => ownRules(opened))
  const [draft, setDraft] = useState<PolicyDraft>(() => draftOf(before))
  const [isAtOnce, setAtOnce] = useState(false)
  const [effect, setEffect] = useState<Effect | null>(null)
  const scopes = useQuery(scopesQuery)
  const configured = useQuery(configuredPolicyQuery)
  const whyNot = useWhyNot()
  const act = useAct()
  const [, navigate] = useLocation()
  const after = rulesOf(draft)
  const body = bodyOf(before, after)
  const isSame = Object.keys(body).length === 0
  const send = (dryRun: boolean, atOnce: boolean) =>
    change<typeof ChangedPolicyWire, typeof PolicyChangeWire>(
      'PATCH',
      `/v1/policies/${encodeURIComponent(environment)}`,
      { ...body, dry_run: dryRun, apply_at_once: atOnce },
      { since: opened },
    )
  const preview = (atOnce: boolean) => act.ask(async () => setEffect((await send(true, atOnce)).effect))
  const submit = () => {
    if (isSame) return
    if (effect === null) return preview(isAtOnce)
    return act.run(async () => {
      await send(false, isAtOnce)
      navigate(paths.policies.to())
    })
  }
  return (
    <form
      className="form card"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <PolicyFields
        draft={draft}
        onChange={(changes) => {
          setDraft((now) => ({ ...now, ...changes }))
          setEffect(null)
        }}
        presets={presets}
        scopes={scopes.data ?? []}
        configured={configured.data ?? null}
        error={act.error}
      />
      <PolicyDifference before={before} after={after} />
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
          whyNot={whyNot('policies:write') ?? (isSame ? words.nothing : null)}
        >
          {effect === null ? words.preview : endsAtOnce(effect) ? words.saveAtOnce : words.save}
        </Button>
        <ButtonLink kind="quiet" to={paths.policies.to()}>
          {appWords.cancel}
        </ButtonLink>
      </div>
    </form>
  )
}
