import { useState } from 'react'
import { SENSITIVITIES } from '../../../src/scopes/scope.ts'
import { faultAt } from '../api/problem.ts'
import { Button } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import type { Act } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { scopeWords as words } from '../words/scopes.ts'
import type { Api, Scope } from './scopes.queries.ts'

/** A scope as it is entered. */
export interface ScopeDraft {
  readonly name: string
  readonly description: string
  readonly sensitivity: (typeof SENSITIVITIES)[number]
  readonly implies: readonly string[]
  readonly apiId: string
}

interface FormParts {
  readonly first: ScopeDraft
  /** The scope exists: its name stays. */
  readonly isKnown: boolean
  readonly scopes: readonly Scope[]
  readonly apis: readonly Api[]
  readonly act: Act
  readonly onSubmit: (draft: ScopeDraft) => void
  readonly onCancel: () => void
}

export function ScopeForm({ first, isKnown, scopes, apis, act, onSubmit, onCancel }: FormParts) {
  const [draft, setDraft] = useState(first)
  const whyNot = useWhyNot()('scopes:write')
  const set = (changes: Partial<ScopeDraft>) => setDraft((now) => ({ ...now, ...changes }))
  const others = scopes.filter(({ name }) => name !== draft.name)
  return (
    <form
      className="form card"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit(draft)
      }}
    >
      <ProblemBox error={act.error} />
      {!isKnown && (
        <Field label={words.name} hint={words.nameHint} error={faultAt(act.error, '/name')}>
          {(ids) => (
            <input
              {...ids}
              required
              autoComplete="off"
              spellCheck={false}
              value={draft.name}
              onChange={(event) => set({ name: event.target.value })}
            />
          )}
        </Field>
      )}
      <Field label={words.sentence} hint={words.sentenceHint} error={faultAt(act.error, '/description')}>
        {(ids) => (
          <input
            {...ids}
            required
            maxLength={300}
            autoComplete="off"
            value={draft.description}
            onChange={(event) => set({ description: event.target.value })}
          />
        )}
      </Field>
      <fieldset>
        <legend>{words.sensitivity}</legend>
        {SENSITIVITIES.map((each) => (
          <Choice
            key={each}
            group="sensitivity"
            label={words.sensitivities[each]}
            hint={words.sensitivityHints[each]}
            isChosen={draft.sensitivity === each}
            onChoose={() => set({ sensitivity: each })}
          />
        ))}
      </fieldset>
      {others.length > 0 && (
        <fieldset>
          <legend>{words.chooseSeveral}</legend>
          <p className="hint">{words.impliesHint}</p>
          <div className="check-columns">
            {others.map(({ name }) => (
              <label key={name} className="choice">
                <input
                  type="checkbox"
                  checked={draft.implies.includes(name)}
                  onChange={(event) =>
                    set({
                      implies: event.target.checked
                        ? [...draft.implies, name]
                        : draft.implies.filter((each) => each !== name),
                    })
                  }
                />
                <code>{name}</code>
              </label>
            ))}
          </div>
        </fieldset>
      )}
      <Field label={words.api} hint={words.apiHint} error={faultAt(act.error, '/api_id')}>
        {(ids) => (
          <select {...ids} value={draft.apiId} onChange={(event) => set({ apiId: event.target.value })}>
            {apis.map(({ id, name, identifier }) => (
              <option key={id} value={id}>
                {name} ({identifier})
              </option>
            ))}
          </select>
        )}
      </Field>
      {isKnown && <p className="hint">{words.changeEffect}</p>}
      <div className="form-end">
        <Button type="submit" busy={act.isBusy} whyNot={whyNot}>
          {isKnown ? words.save : words.create}
        </Button>
        <Button kind="quiet" onClick={onCancel}>
          {appWords.cancel}
        </Button>
      </div>
    </form>
  )
}
