import { useId, useState } from 'react'
import type { Scope } from '../scopes/scopes.queries.ts'
import { Badge } from '../ui/notice.tsx'
import { newKeyWords as words } from '../words/new-key.ts'
import { groupsOf, impliedBy, readOnlyScopes } from './scope-choice.ts'

interface PickerParts {
  readonly scopes: readonly Scope[]
  readonly chosen: readonly string[]
  readonly onChange: (chosen: readonly string[]) => void
}

const KINDS: Readonly<Record<string, 'plain' | 'warn' | 'alert'>> = { sensitive: 'warn', restricted: 'alert' }
/** With fewer scopes a filter is only in the way. */
const FILTER_FROM = 12

/** Check boxes by resource: each scope with its sentence, how sensitive it is, and what it comes with. */
export function ScopePicker({ scopes, chosen, onChange }: PickerParts) {
  const [filter, setFilter] = useState('')
  const filterId = useId()
  const implied = impliedBy(chosen, scopes)
  const wanted = filter.trim().toLowerCase()
  const shown = scopes.filter(
    ({ name, description }) =>
      `${name} ${description}`.toLowerCase().includes(wanted) || chosen.includes(name),
  )
  if (scopes.length === 0) return <p className="hint">{words.noScopes}</p>
  const toggle = (name: string) =>
    onChange(chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name])
  return (
    <fieldset>
      <legend>{words.scopes}</legend>
      <p className="hint">{words.scopesHint}</p>
      <div className="scope-tools">
        <button type="button" className="button quiet" onClick={() => onChange(readOnlyScopes(scopes))}>
          {words.readOnly}
        </button>
        <button type="button" className="button quiet" onClick={() => onChange([])}>
          {words.nothing}
        </button>
        {scopes.length >= FILTER_FROM && (
          <>
            <label className="unseen" htmlFor={filterId}>
              {words.filterScopes}
            </label>
            <input
              id={filterId}
              type="search"
              placeholder={words.filterScopes}
              value={filter}
              onChange={(event) => setFilter(event.target.value)}
            />
          </>
        )}
        <span className="soft" role="status">
          {words.chosen(chosen.length)}
        </span>
      </div>
      <div className="scope-groups">
        {groupsOf(shown).map(({ resource, scopes: each }) => (
          <fieldset key={resource} className="scope-group">
            <legend>{resource}</legend>
            {each.map((scope) => (
              <ScopeChoice
                key={scope.name}
                scope={scope}
                isChosen={chosen.includes(scope.name)}
                impliedBy={implied.get(scope.name) ?? []}
                onToggle={() => toggle(scope.name)}
              />
            ))}
          </fieldset>
        ))}
      </div>
    </fieldset>
  )
}

interface ChoiceParts {
  readonly scope: Scope
  readonly isChosen: boolean
  readonly impliedBy: readonly string[]
  readonly onToggle: () => void
}

function ScopeChoice({ scope, isChosen, impliedBy: by, onToggle }: ChoiceParts) {
  const { name, description, sensitivity, deprecated_at } = scope
  const id = useId()
  const isOff = deprecated_at !== null && !isChosen
  return (
    <div className="choice">
      <input
        id={id}
        type="checkbox"
        checked={isChosen}
        disabled={isOff}
        aria-describedby={`${id}-hint`}
        onChange={onToggle}
      />
      <div>
        <label htmlFor={id}>
          <code>{name}</code>
          {sensitivity !== 'basic' && (
            <Badge kind={KINDS[sensitivity] ?? 'plain'}>
              {words.sensitivity[sensitivity] ?? sensitivity}
            </Badge>
          )}
          {by.length > 0 && !isChosen && <Badge kind="good">{words.impliedBy(by)}</Badge>}
        </label>
        <p id={`${id}-hint`} className="hint">
          {description} {deprecated_at !== null && words.deprecated}
        </p>
      </div>
    </div>
  )
}
