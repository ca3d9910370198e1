import { Button } from '../ui/button.tsx'
import { ownerWords as words } from '../words/owners.ts'
import type { RateDraft } from './owner-draft.ts'

interface RateParts {
  readonly rates: readonly RateDraft[]
  readonly onChange: (rates: readonly RateDraft[]) => void
  readonly error: string | null
}

const MOST = 4

/** Rate limits of an owner: name, units, window. */
export function RateLimitFields({ rates, onChange, error }: RateParts) {
  const fill = (row: number, changes: Partial<RateDraft>) =>
    onChange(rates.map((each) => (each.row === row ? { ...each, ...changes } : each)))
  return (
    <fieldset>
      <legend>{words.rateLimits}</legend>
      {rates.map((rate, at) => (
        <fieldset key={rate.row} className="rate">
          <legend className="unseen">{words.rateLimit(at + 1)}</legend>
          {(
            [
              ['name', words.rateName],
              ['limit', words.rateUnits],
              ['seconds', words.rateSeconds],
            ] as const
          ).map(([part, label]) => (
            <label key={part} className="select">
              <span>{label}</span>
              <input
                autoComplete="off"
                inputMode={part === 'name' ? 'text' : 'numeric'}
                value={rate[part]}
                onChange={(event) => fill(rate.row, { [part]: event.target.value })}
              />
            </label>
          ))}
          <Button
            kind="quiet"
            label={words.removeRate(rate.name || words.rateLimit(at + 1))}
            onClick={() => onChange(rates.filter((each) => each.row !== rate.row))}
          >
            {words.removeMember}
          </Button>
        </fieldset>
      ))}
      {error !== null && (
        <p className="field-error" role="alert">
          {error}
        </p>
      )}
      {rates.length < MOST && (
        <p className="rate-add">
          <Button
            kind="quiet"
            onClick={() =>
              onChange([
                ...rates,
                {
                  row: Math.max(-1, ...rates.map(({ row }) => row)) + 1,
                  name: rates.length === 0 ? 'default' : '',
                  limit: '100',
                  seconds: '60',
                },
              ])
            }
          >
            {words.addRate}
          </Button>
        </p>
      )}
    </fieldset>
  )
}
