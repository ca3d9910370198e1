import { type FormEvent, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { useNow } from '../ui/now.ts'
import { evidenceWords as words } from '../words/evidence.ts'
import { daysIn, daysOf, nameOf, PERIODS, type Period, type PeriodName, periodOf } from './period.ts'

const OWN = 'own'

/** The choice of a period. It counts when the report is asked for: each report is an event of the audit log. */
export function PeriodForm({
  asked,
  onAsk,
}: {
  readonly asked: Partial<Period>
  readonly onAsk: (period: Period) => void
}) {
  const now = useNow()
  const [days, setDays] = useState(() => daysIn(asked) ?? daysOf('last_quarter', now))
  const [isOwn, setOwn] = useState(() => nameOf(days, now) === null)
  const period = periodOf(days)
  const choose = (name: string) => {
    setOwn(name === OWN)
    if (name !== OWN) setDays(daysOf(name as PeriodName, now))
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (period !== null) onAsk(period)
  }
  return (
    <form className="filters evidence-form" aria-label={words.form} onSubmit={submit}>
      <label className="select">
        <span>{words.period}</span>
        <select
          value={isOwn ? OWN : (nameOf(days, now) ?? OWN)}
          onChange={(event) => choose(event.target.value)}
        >
          {[...PERIODS, OWN as typeof OWN].map((name) => (
            <option key={name} value={name}>
              {words.periods[name]}
            </option>
          ))}
        </select>
      </label>
      {(['first', 'last'] as const).map((end) => (
        <label key={end} className="select">
          <span>{words[end]}</span>
          <input
            type="date"
            value={days[end]}
            onChange={(event) => {
              setOwn(true)
              setDays({ ...days, [end]: event.target.value })
            }}
          />
        </label>
      ))}
      <Button type="submit" whyNot={period === null ? words.noPeriod : null}>
        {words.make}
      </Button>
      <p className="hint">{words.makeHint}</p>
    </form>
  )
}
