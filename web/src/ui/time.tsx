import { useSyncExternalStore } from 'react'
import type { MomentText } from '../../../src/http/wire.ts'
import { appWords as words } from '../words/app.ts'
import { exactWords, relativeWords } from '../words/time-words.ts'
import { useNow } from './now.ts'

/** A moment of the API, as milliseconds. */
export function msOf(at: MomentText | string): number {
  return Date.parse(String(at))
}

/** A moment in words, with the exact second in the reader's zone on demand: by the choice below, or by pointing at it. */
export function Time({ at, ifNone }: { readonly at: MomentText | string | null; readonly ifNone?: string }) {
  const now = useNow()
  const isExact = useExactTimes()
  if (at === null) return <span className="soft">{ifNone ?? words.never}</span>
  const ms = msOf(at)
  const exact = exactWords(ms)
  return (
    <time dateTime={String(at)} title={exact}>
      {isExact ? exact : relativeWords(ms, now)}
    </time>
  )
}

/** A moment on a page about one thing: both forms. */
export function FullTime({
  at,
  ifNone,
}: {
  readonly at: MomentText | string | null
  readonly ifNone?: string
}) {
  const now = useNow()
  if (at === null) return <span className="soft">{ifNone ?? words.never}</span>
  const ms = msOf(at)
  return (
    <time dateTime={String(at)}>
      {relativeWords(ms, now)} <span className="soft">{exactWords(ms)}</span>
    </time>
  )
}

/** The exact second, where the words around it say the rest. */
export function ExactTime({ at }: { readonly at: MomentText | string }) {
  return <time dateTime={String(at)}>{exactWords(msOf(at))}</time>
}

const day = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
})

/** A day of UTC, in which the API counts some things: no more is known about when. */
export function Day({ at, ifNone }: { readonly at: MomentText | string | null; readonly ifNone?: string }) {
  if (at === null) return <span className="soft">{ifNone ?? words.never}</span>
  return <time dateTime={String(at).slice(0, 10)}>{day.format(msOf(at))}</time>
}

const CHOICE = 'doorward-times'
const listeners = new Set<() => void>()

function useExactTimes(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => localStorage.getItem(CHOICE) === 'exact',
  )
}

/** The choice between "2 days ago" and the exact second, for all times; kept in this browser. */
export function TimeChoice() {
  const isExact = useExactTimes()
  const choose = (value: string) => {
    localStorage.setItem(CHOICE, value)
    for (const each of listeners) each()
  }
  return (
    <label className="time-choice">
      <span>{words.times}</span>
      <select value={isExact ? 'exact' : 'relative'} onChange={(event) => choose(event.target.value)}>
        <option value="relative">{words.timesRelative}</option>
        <option value="exact">{words.timesExact}</option>
      </select>
    </label>
  )
}
