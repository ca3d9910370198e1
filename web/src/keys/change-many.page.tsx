import { useQuery } from '@tanstack/react-query'
import { useId } from 'react'
import { paths } from '../paths.ts'
import { scopesQuery } from '../scopes/scopes.queries.ts'
import { ButtonLink } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Select } from '../ui/field.tsx'
import { FilterInput, localOf, momentOf } from '../ui/filter-input.tsx'
import { Empty, Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { type UrlQuery, useUrlQuery } from '../ui/url-query.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { manyWords as words } from '../words/change-many.ts'
import { keyWords } from '../words/keys.ts'
import { momentWords } from '../words/time-words.ts'
import { MANY_ACTS, MANY_PARAMETERS, manyRequest, NEEDS, type WhichKeys, whichKeys } from './change-many.ts'
import { ManyOutcome } from './many-outcome.tsx'

type ManyUrl = UrlQuery<(typeof MANY_PARAMETERS)[number]>

/** Changes many keys: those chosen in the list, or all of a filter. All of the question is in the URL. */
export default function ChangeManyPage() {
  const url = useUrlQuery(MANY_PARAMETERS)
  // A misspelt filter would leave the others, and so change more keys than were meant.
  const which = url.unknown.length > 0 ? null : whichKeys(url.query)
  const request = which === null ? null : manyRequest(which, url.query)
  return (
    <Page
      title={words.title}
      lead={words.lead}
      above={[{ to: paths.keys.to({ state: 'live' }), words: keyWords.title }]}
    >
      {url.unknown.length > 0 && <Notice kind="alert">{words.unknown(url.unknown)}</Notice>}
      {which === null ? (
        <Empty title={words.noneTitle}>
          <p>{words.none}</p>
          <ButtonLink kind="quiet" to={paths.keys.to({ state: 'live' })}>
            {words.toList}
          </ButtonLink>
        </Empty>
      ) : (
        <div className="form card">
          <Which which={which} />
          <Question url={url} />
        </div>
      )}
      {request !== null && <ManyOutcome key={JSON.stringify(request)} request={request} />}
    </Page>
  )
}

function Which({ which }: { readonly which: WhichKeys }) {
  if ('ids' in which) return <p className="which">{words.chosen(which.ids.length)}</p>
  return (
    <p className="which">
      {words.matching}:{' '}
      {Object.entries(which.filter).map(([name, value]) => (
        <span key={name} className="spaced">
          {words.filters[name]}
          {value !== 'true' && (
            <>
              {' '}
              <code>{momentWords(value)}</code>
            </>
          )}
        </span>
      ))}
    </p>
  )
}

function Question({ url: { query, set } }: { readonly url: ManyUrl }) {
  const group = useId()
  const whyNot = useWhyNot()
  const scopes = useQuery(scopesQuery)
  return (
    <>
      <fieldset>
        <legend>{words.question}</legend>
        {MANY_ACTS.map((act) => {
          const [name, hint] = words.acts[act] ?? [act, '']
          const why = whyNot(NEEDS[act])
          return (
            <Choice
              key={act}
              group={group}
              label={name}
              hint={why ?? hint}
              isChosen={query.act === act}
              isOff={why !== null}
              onChoose={() => set({ act })}
            />
          )
        })}
      </fieldset>
      {query.act === 'shorten-expiry' && (
        <FilterInput
          label={words.expiresAt}
          type="datetime-local"
          value={localOf(query.expires_at)}
          onChange={(local) => set({ expires_at: momentOf(local) })}
        />
      )}
      {query.act === 'remove-scope' && (
        <Select
          label={words.scope}
          value={query.remove_scope ?? ''}
          options={[['', words.chooseScope], ...(scopes.data ?? []).map(({ name }) => [name, name] as const)]}
          onChange={(scope) => set({ remove_scope: scope })}
        />
      )}
    </>
  )
}
