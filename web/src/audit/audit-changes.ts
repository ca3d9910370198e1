/** An event, as far as its changes go. */
interface Event {
  readonly seq: number
  readonly detail: Readonly<Record<string, unknown>>
}

/** One field of an event: its value after it, and before it where the log says so. */
export interface FieldChange {
  readonly name: string
  readonly after: unknown
  /** Undefined: the log does not say it. */
  readonly before: unknown
}

const BEFORE = '_before'

/**
 * Changes of an event. The value before is the event's own, such as `scopes_before`, else that of the last earlier event
 * on the same thing.
 */
export function changesOf(event: Event, history: readonly Event[]): readonly FieldChange[] {
  const earlier = history.filter(({ seq }) => seq < event.seq).sort((a, b) => b.seq - a.seq)
  return Object.entries(event.detail)
    .filter(([name]) => !(name.endsWith(BEFORE) && name.slice(0, -BEFORE.length) in event.detail))
    .map(([name, after]) => ({
      name,
      after,
      before:
        name + BEFORE in event.detail
          ? event.detail[name + BEFORE]
          : earlier.find(({ detail }) => name in detail)?.detail[name],
    }))
}
