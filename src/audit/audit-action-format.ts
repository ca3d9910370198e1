/** Types of the values in an event's detail, by the words that the table and the documents use. */
interface Values {
  readonly text: string
  readonly number: number
  readonly 'true or false': boolean
  /** RFC 3339. */
  readonly time: string
  readonly 'list of texts': readonly string[]
  /** A field before and after a change. */
  readonly 'from and to': { readonly from: unknown; readonly to: unknown }
  readonly JSON: unknown
}

type ValueWord = keyof Values | `${keyof Values} or null`

type ValueOf<Word> = Word extends `${infer Plain extends keyof Values} or null`
  ? Values[Plain] | null
  : Word extends keyof Values
    ? Values[Word]
    : never

/** One row of the table of audit actions. */
export interface AuditActionRow {
  /** One sentence or two, for people. */
  readonly description: string
  /** Names under which older events have it; they are never rewritten, because each event is part of the hash chain. */
  readonly formerNames?: readonly string[]
  /** The kind of thing that the target's id names. */
  readonly target: string
  /**
   * `always`: verifiers are notified of every such event. `sometimes`: the use case states for each event which verdicts it
   * alters, or `nothing`. `never`: verifiers do not know its target, or another event notifies them.
   */
  readonly altersVerdicts: 'always' | 'sometimes' | 'never'
  /** Fields of the detail. A name that ends in `?` is there only where it applies. */
  readonly detail: Readonly<Record<string, ValueWord>>
}

/** The type of a detail, from its row. */
export type DetailOf<Fields> = {
  readonly [Name in keyof Fields as Name extends `${string}?` ? never : Name]: ValueOf<Fields[Name]>
} & {
  readonly [Name in keyof Fields as Name extends `${infer Plain}?` ? Plain : never]?:
    | ValueOf<Fields[Name]>
    | undefined
}

/** Hints of the secrets of a rotation. */
export const HINTS = { old: 'text', new: 'text' } as const

/** A secret that was sent where no secret belongs. */
export const EXPOSURE = { secret_id: 'text', hint: 'text', where: 'text' } as const

/**
 * The first notice of the end that a change came before, or that was reached: when its mail was written, when a mail
 * server took it (null: none has so far), and the end of which it told.
 */
export const NOTICED = {
  'first_notice_at?': 'time',
  'first_notice_sent_at?': 'time or null',
  'noticed_end?': 'time',
} as const
