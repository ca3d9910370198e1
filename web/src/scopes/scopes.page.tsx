import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { Button, ButtonLink } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Empty, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { scopeWords as words } from '../words/scopes.ts'
import { ApiDialog } from './api.form.tsx'
import { type Exercised, useExercised } from './scope.queries.ts'
import { type Api, apisQuery, type Scope, scopesQuery } from './scopes.queries.ts'

const KINDS: Readonly<Record<string, 'plain' | 'warn' | 'alert'>> = { sensitive: 'warn', restricted: 'alert' }

export function SensitivityBadge({ of }: { readonly of: string }) {
  return <Badge kind={KINDS[of] ?? 'plain'}>{words.sensitivities[of] ?? of}</Badge>
}

/** The catalogue, by API. */
export default function ScopesPage() {
  const scopes = useQuery(scopesQuery)
  const apis = useQuery(apisQuery)
  const exercised = useExercised()
  const [edited, setEdited] = useState<Api | 'new' | null>(null)
  const whyNot = useWhyNot()('scopes:write')
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        <>
          <ButtonLink to={paths.newScope.to()} whyNot={whyNot}>
            {words.create}
          </ButtonLink>
          {whyNot === null && (
            <Button kind="quiet" onClick={() => setEdited('new')}>
              {words.createApi}
            </Button>
          )}
        </>
      }
    >
      <Loaded query={apis}>
        {(known) => (
          <Loaded query={scopes}>
            {(all) => (
              <>
                {all.length === 0 && (
                  <Empty title={words.noneTitle}>
                    <p>{words.none}</p>
                  </Empty>
                )}
                {known.map((api) => (
                  <ApiSection
                    key={api.id}
                    api={api}
                    scopes={all.filter(({ api_id }) => api_id === api.id)}
                    exercised={exercised}
                    onChange={whyNot === null ? () => setEdited(api) : null}
                  />
                ))}
              </>
            )}
          </Loaded>
        )}
      </Loaded>
      {edited !== null && (
        <ApiDialog api={edited === 'new' ? null : edited} onClose={() => setEdited(null)} />
      )}
    </Page>
  )
}

interface SectionParts {
  readonly api: Api
  readonly scopes: readonly Scope[]
  readonly exercised: Exercised | undefined
  readonly onChange: (() => void) | null
}

function ApiSection({ api, scopes, exercised, onChange }: SectionParts) {
  return (
    <Section
      title={api.name}
      lead={
        <>
          <code>{api.identifier}</code> {api.is_default && <Badge>{words.default}</Badge>}
        </>
      }
      actions={
        onChange !== null && (
          <Button kind="quiet" label={words.changeTitle(api.name)} onClick={onChange}>
            {words.change}
          </Button>
        )
      }
    >
      {scopes.length === 0 ? (
        <p className="soft">{words.noneOfApi}</p>
      ) : (
        <DataTable
          caption={words.caption(api.name)}
          columns={columnsFor(exercised)}
          rows={scopes}
          idOf={({ name }) => name}
        />
      )}
    </Section>
  )
}

function columnsFor(exercised: Exercised | undefined): readonly Column<Scope>[] {
  return [
    {
      id: 'scope',
      head: words.scope,
      cell: ({ name }) => (
        <Link to={paths.scope.to(name)}>
          <code>{name}</code>
        </Link>
      ),
    },
    { id: 'sentence', head: words.sentence, cell: ({ description }) => description },
    {
      id: 'sensitivity',
      head: words.sensitivity,
      cell: ({ sensitivity }) => <SensitivityBadge of={sensitivity} />,
    },
    {
      id: 'implies',
      head: words.implies,
      cell: ({ implies }) =>
        implies.length === 0 ? (
          <span className="soft">{appWords.none}</span>
        ) : (
          <code>{implies.join(', ')}</code>
        ),
    },
    {
      id: 'exercised',
      head: words.exercised,
      cell: ({ name }) => <ExercisedOn day={exercised?.on(name)} />,
    },
    {
      id: 'state',
      head: words.state,
      cell: ({ deprecated_at }) =>
        deprecated_at === null ? (
          <Badge kind="good">{words.active}</Badge>
        ) : (
          <Badge kind="warn">{words.deprecated}</Badge>
        ),
    },
  ]
}

const dayFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
})

export function ExercisedOn({ day }: { readonly day: string | null | undefined }) {
  if (day === undefined) return <span className="soft">{appWords.unknown}</span>
  if (day === null) return <span className="soft">{words.notIn90}</span>
  return <time dateTime={day}>{words.exercisedOn(dayFormat.format(Date.parse(day)))}</time>
}
