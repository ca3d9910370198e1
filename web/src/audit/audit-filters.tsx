import { useQuery } from '@tanstack/react-query'
import { Button } from '../ui/button.tsx'
import { Select } from '../ui/field.tsx'
import { FilterInput, localOf, momentOf } from '../ui/filter-input.tsx'
import type { UrlQuery } from '../ui/url-query.ts'
import { appWords } from '../words/app.ts'
import { auditWords as words } from '../words/audit.ts'
import { type AUDIT_FILTERS, actionsQuery } from './audit-log.queries.ts'

/** The filters of the API, in the URL. */
export function AuditFilters({ query, set }: UrlQuery<(typeof AUDIT_FILTERS)[number]>) {
  const actions = useQuery(actionsQuery)
  const nouns = Map.groupBy(actions.data ?? [], ({ action }) => action.split('.')[0] ?? '')
  const isKnown = actions.data?.some(({ action }) => action === query.action) ?? false
  const none = {
    owner_id: undefined,
    actor_id: undefined,
    target_id: undefined,
    action: undefined,
    result: undefined,
    since: undefined,
    until: undefined,
  }
  return (
    <div className="filters">
      <label className="select">
        <span>{words.action}</span>
        <select value={query.action ?? ''} onChange={(event) => set({ action: event.target.value })}>
          <option value="">{appWords.any}</option>
          {query.action !== undefined && !isKnown && <option>{query.action}</option>}
          {[...nouns].map(([noun, of]) => (
            <optgroup key={noun} label={noun.replaceAll('_', ' ')}>
              {of.map(({ action }) => (
                <option key={action}>{action}</option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      <Select
        label={words.result}
        value={query.result ?? ''}
        options={[['', appWords.any], ...Object.entries(words.results)]}
        onChange={(result) => set({ result })}
      />
      <FilterInput
        label={words.filterTarget}
        value={query.target_id ?? ''}
        onChange={(target_id) => set({ target_id })}
      />
      <FilterInput
        label={words.filterActor}
        value={query.actor_id ?? ''}
        onChange={(actor_id) => set({ actor_id })}
      />
      <FilterInput
        label={words.filterOwner}
        value={query.owner_id ?? ''}
        onChange={(owner_id) => set({ owner_id })}
      />
      <FilterInput
        label={words.since}
        type="datetime-local"
        value={localOf(query.since)}
        onChange={(since) => set({ since: momentOf(since) })}
      />
      <FilterInput
        label={words.until}
        type="datetime-local"
        value={localOf(query.until)}
        onChange={(until) => set({ until: momentOf(until) })}
      />
      {Object.keys(query).length > 0 && (
        <Button kind="quiet" onClick={() => set(none)}>
          {appWords.clearFilters}
        </Button>
      )}
    </div>
  )
}
