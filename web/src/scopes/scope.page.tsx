import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { whyNotRemoveScope } from '../../../src/scopes/scope.ts'
import type { ScopeChangeWire, ScopeWire } from '../../../src/scopes/scope.wire.ts'
import { change } from '../api/request.ts'
import { useCan } from '../api/session.ts'
import { paths } from '../paths.ts'
import { Button } from '../ui/button.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Facts, Notice, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { FullTime } from '../ui/time.tsx'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { problemWords } from '../words/problems.ts'
import { scopeWords as words } from '../words/scopes.ts'
import { DeprecateDialog, RemoveDialog } from './retire-scope.dialog.tsx'
import { type ScopeDraft, ScopeForm } from './scope.form.tsx'
import { holdersQuery, scopePath, useExercised } from './scope.queries.ts'
import { HolderTable } from './scope-holders.tsx'
import { ExercisedOn, SensitivityBadge } from './scopes.page.tsx'
import { apisQuery, type Scope, scopesQuery } from './scopes.queries.ts'

/** One scope: what it is, who has it, and its end. */
export default function ScopePage({ id: name }: { readonly id: string }) {
  const scopes = useQuery(scopesQuery)
  const scope = scopes.data?.find((each) => each.name === name)
  const above = [{ to: paths.scopes.to(), words: words.title }]
  if (scopes.data !== undefined && scope === undefined)
    return (
      <Page title={name} above={above}>
        <Notice kind="warn" title={problemWords.byCode.not_found?.title ?? ''}>
          <p>{problemWords.byCode.not_found?.detail}</p>
        </Notice>
      </Page>
    )
  if (scope !== undefined) return <KnownScope key={name} scope={scope} scopes={scopes.data ?? []} />
  return (
    <Page title={name} above={above}>
      <Loaded query={scopes}>{() => null}</Loaded>
    </Page>
  )
}

function KnownScope({ scope, scopes }: { readonly scope: Scope; readonly scopes: readonly Scope[] }) {
  const { name, description, sensitivity, implies, deprecated_at, created_at, api_id } = scope
  const can = useCan()
  const apis = useQuery(apisQuery)
  const holders = useQuery({ ...holdersQuery(name), enabled: can('keys:read') })
  const exercised = useExercised()
  const [open, setOpen] = useState<'edit' | 'deprecate' | 'remove' | null>(null)
  const [opened, setOpened] = useState(scope)
  const act = useAct()
  const whyNot = useWhyNot()('scopes:write')
  const api = apis.data?.find(({ id }) => id === api_id)
  const send = (
    body: Parameters<typeof change<typeof ScopeWire, typeof ScopeChangeWire>>[2],
    since: Scope = scope,
  ) =>
    act.run(async () => {
      await change<typeof ScopeWire, typeof ScopeChangeWire>('PATCH', scopePath(name), body, { since })
      setOpen(null)
    })
  const save = ({ name: _, apiId, implies: chosen, ...draft }: ScopeDraft) =>
    send({ ...draft, implies: [...chosen], api_id: apiId }, opened)
  const held = holders.data
  const inUse =
    held !== undefined &&
    whyNotRemoveScope({
      keys: held.keys.count,
      clients: held.clients?.count ?? 0,
      implying: held.implied_by,
    }) !== null
  return (
    <Page
      title={name}
      lead={description}
      above={[{ to: paths.scopes.to(), words: words.title }]}
      actions={
        <>
          <Button
            kind="quiet"
            whyNot={whyNot}
            onClick={() => {
              setOpened(scope)
              setOpen('edit')
            }}
          >
            {words.change}
          </Button>
          {deprecated_at === null ? (
            <Button kind="danger" whyNot={whyNot} onClick={() => setOpen('deprecate')}>
              {words.deprecate}
            </Button>
          ) : (
            <Button
              kind="quiet"
              whyNot={whyNot}
              busy={act.isBusy}
              onClick={() => void send({ deprecated: false })}
            >
              {words.reinstate}
            </Button>
          )}
          <Button
            kind="danger"
            whyNot={whyNot ?? (inUse ? words.inUse : null)}
            onClick={() => setOpen('remove')}
          >
            {words.remove}
          </Button>
        </>
      }
    >
      {open === null && <ProblemBox error={act.error} />}
      {open === 'edit' ? (
        <ScopeForm
          first={{ name, description, sensitivity: sensitivity as never, implies, apiId: api_id }}
          isKnown
          scopes={scopes}
          apis={apis.data ?? []}
          act={act}
          onSubmit={(draft) => void save(draft)}
          onCancel={() => setOpen(null)}
        />
      ) : (
        <div className="card">
          <Facts
            facts={[
              [
                words.state,
                deprecated_at === null ? (
                  <Badge key="state" kind="good">
                    {words.active}
                  </Badge>
                ) : (
                  <span key="state">
                    <Badge kind="warn">{words.deprecated}</Badge> <FullTime at={deprecated_at} />
                  </span>
                ),
              ],
              [words.sensitivity, <SensitivityBadge key="of" of={sensitivity} />],
              [words.implies, <Names key="implies" names={implies} />],
              [words.impliedBy, <Names key="by" names={namesImplying(name, scopes)} />],
              [words.api, api === undefined ? api_id : `${api.name} (${api.identifier})`],
              [words.exercised, <ExercisedOn key="exercised" day={exercised?.on(name)} />],
              [words.created, <FullTime key="created" at={created_at} />],
            ]}
          />
        </div>
      )}
      {can('keys:read') && (
        <Section title={words.use} lead={words.useLead}>
          <Loaded query={holders}>{(found) => <HolderTable holders={found} />}</Loaded>
        </Section>
      )}
      {open === 'deprecate' && <DeprecateDialog name={name} onClose={() => setOpen(null)} />}
      {open === 'remove' && <RemoveDialog name={name} onClose={() => setOpen(null)} />}
    </Page>
  )
}

function namesImplying(name: string, scopes: readonly Scope[]): readonly string[] {
  return scopes.filter(({ implies }) => implies.includes(name)).map((each) => each.name)
}

function Names({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return <span className="soft">{appWords.none}</span>
  return names.map((name) => (
    <span key={name}>
      <Link to={paths.scope.to(name)}>
        <code>{name}</code>
      </Link>{' '}
    </span>
  ))
}
