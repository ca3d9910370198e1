import { useId } from 'react'
import { faultAt } from '../api/problem.ts'
import { Field } from '../ui/field.tsx'
import { newKeyWords as words } from '../words/new-key.ts'
import type { KeyDraft } from './key-draft.ts'

interface LimitsParts {
  readonly draft: Pick<
    KeyDraft,
    | 'allowList'
    | 'rateLimit'
    | 'rateWindow'
    | 'quota'
    | 'quotaPeriod'
    | 'selfRotation'
    | 'autoRotateAfterDays'
  >
  readonly onChange: (changes: Partial<KeyDraft>) => void
  readonly error: unknown
}

/** Where a key works from, how much it may do, and whether it rotates itself. */
export function KeyLimitsFields({ draft, onChange, error }: LimitsParts) {
  const self = useId()
  return (
    <>
      <Field label={words.allowList} hint={words.allowListHint} error={faultAt(error, '/ip_allowlist')}>
        {(ids) => (
          <textarea
            {...ids}
            rows={3}
            spellCheck={false}
            value={draft.allowList}
            onChange={(event) => onChange({ allowList: event.target.value })}
          />
        )}
      </Field>
      <fieldset>
        <legend>{words.rateLimit}</legend>
        <p className="hint">{words.rateLimitHint}</p>
        <div className="field-row">
          <Field label={words.rateLimitCalls} error={faultAt(error, '/rate_limits')}>
            {(ids) => (
              <input
                {...ids}
                type="number"
                min={1}
                value={draft.rateLimit}
                onChange={(event) => onChange({ rateLimit: event.target.value })}
              />
            )}
          </Field>
          <Field label={words.rateLimitWindow}>
            {(ids) => (
              <input
                {...ids}
                type="number"
                min={1}
                max={86_400}
                value={draft.rateWindow}
                onChange={(event) => onChange({ rateWindow: event.target.value })}
              />
            )}
          </Field>
        </div>
      </fieldset>
      <fieldset>
        <legend>{words.quota}</legend>
        <p className="hint">{words.quotaHint}</p>
        <div className="field-row">
          <Field label={words.quotaUnits} error={faultAt(error, '/quota')}>
            {(ids) => (
              <input
                {...ids}
                type="number"
                min={0}
                value={draft.quota}
                onChange={(event) => onChange({ quota: event.target.value })}
              />
            )}
          </Field>
          <Field label={words.quotaPeriod}>
            {(ids) => (
              <select
                {...ids}
                value={draft.quotaPeriod}
                onChange={(event) => onChange({ quotaPeriod: event.target.value as 'day' | 'month' })}
              >
                <option value="day">{words.quotaPeriods.day}</option>
                <option value="month">{words.quotaPeriods.month}</option>
              </select>
            )}
          </Field>
        </div>
      </fieldset>
      <div className="choice">
        <input
          id={self}
          type="checkbox"
          checked={draft.selfRotation}
          aria-describedby={`${self}-hint`}
          onChange={(event) => onChange({ selfRotation: event.target.checked })}
        />
        <div>
          <label htmlFor={self}>{words.selfRotation}</label>
          <p id={`${self}-hint`} className="hint">
            {words.selfRotationHint}
          </p>
        </div>
      </div>
      {draft.selfRotation && (
        <Field
          label={words.autoRotation}
          hint={words.autoRotationHint}
          error={faultAt(error, '/auto_rotate_after_days')}
        >
          {(ids) => (
            <input
              {...ids}
              type="number"
              min={1}
              max={3650}
              value={draft.autoRotateAfterDays}
              onChange={(event) => onChange({ autoRotateAfterDays: event.target.value })}
            />
          )}
        </Field>
      )}
    </>
  )
}
