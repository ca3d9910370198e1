import { useState } from 'react'
import { Link } from 'wouter'
import { ApiProblem } from '../api/problem.ts'
import { paths } from '../paths.ts'
import { Button } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Field } from '../ui/field.tsx'
import { Badge, Notice } from '../ui/notice.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { Time } from '../ui/time.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { manyWords as words } from '../words/change-many.ts'
import { keyWords } from '../words/keys.ts'
import { countWords } from '../words/time-words.ts'
import { type ManyRequest, NEEDS } from './change-many.ts'
import { type Bulk, type BulkItem, type DoneSoFar, type ManyRun, useManyRun } from './many-run.ts'

const KINDS = { changed: 'good', unchanged: 'plain', refused: 'alert', not_found: 'warn' } as const
/** Rows of the table of results: a person reads the refused ones, and the first of the others. */
const MOST_ROWS = 200

/** The dry run of a change, the change, and its result for each key. */
export function ManyOutcome({ request }: { readonly request: ManyRequest }) {
  const run = useManyRun(request)
  const whyNot = useWhyNot()(NEEDS[request.act])
  const { foreseen, done, act } = run
  // Keys came or went since the dry run: nothing was done, and its answer is no longer true.
  const isPast = act.error instanceof ApiProblem && act.error.code === 'selection_changed'
  return (
    <>
      {foreseen !== null && done === null && <Foreseen foreseen={foreseen} />}
      {done !== null && <Done done={done} />}
      <ProblemBox error={act.error} />
      {done === null && (foreseen === null || isPast) && (
        <div className="form-end">
          <Button busy={act.isBusy} whyNot={whyNot} onClick={() => void run.foresee()}>
            {isPast ? words.foreseeAgain : words.foresee}
          </Button>
        </div>
      )}
      {foreseen !== null && !isPast && <Go run={run} foreseen={foreseen} request={request} />}
      {done !== null ? (
        <ItemTable
          caption={words.doneCaption}
          items={refusedFirst(done.items)}
          of={done.items.length}
          isDone
        />
      ) : (
        foreseen !== null && (
          <ItemTable
            caption={words.foreseenCaption}
            items={foreseen.data}
            of={Math.max(foreseen.counts.matched, foreseen.data.length)}
            isDone={false}
          />
        )
      )}
    </>
  )
}

function Foreseen({ foreseen }: { readonly foreseen: Bulk }) {
  const { changed, unchanged, refused, used_last_day: used, owners } = foreseen.counts
  return (
    <Notice kind={used > 0 ? 'alert' : 'plain'} title={words.would(changed, owners)} isAnnounced>
      <p>{words.used(used)}</p>
      {unchanged > 0 && <p>{words.unchanged(unchanged)}</p>}
      {refused > 0 && <p>{words.refused(refused)}</p>}
    </Notice>
  )
}

interface GoParts {
  readonly run: ManyRun
  readonly foreseen: Bulk
  readonly request: ManyRequest
}

function Go({ run: { done, act, go, stop }, foreseen, request }: GoParts) {
  const [reason, setReason] = useState('')
  const { changed, matched } = foreseen.counts
  const isDone = done !== null && done.token === null
  if (isDone || (changed === 0 && done === null)) return null
  return (
    <form
      className="many-go"
      onSubmit={(event) => {
        event.preventDefault()
        void go(reason.trim())
      }}
    >
      {request.act === 'revoke' && done === null && (
        <Field label={words.reason} hint={words.reasonHint}>
          {(ids) => (
            <input
              {...ids}
              maxLength={500}
              autoComplete="off"
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
      )}
      <div className="form-end">
        <Button type="submit" kind={request.act === 'enable' ? 'main' : 'danger'} busy={act.isBusy}>
          {done === null ? words.run[request.act](changed) : words.goOn(done.remaining)}
        </Button>
        {act.isBusy && done !== null && (
          <>
            <span className="soft" role="status">
              {words.running(done.items.length, matched)}
            </span>
            <Button kind="quiet" onClick={stop}>
              {words.stop}
            </Button>
          </>
        )}
      </div>
    </form>
  )
}

function Done({ done: { items, batch, token, remaining } }: { readonly done: DoneSoFar }) {
  const counts = Object.fromEntries(
    Object.entries(Object.groupBy(items, ({ outcome }) => outcome)).map(([name, each]) => [
      name,
      each.length,
    ]),
  )
  const isPartial = items.some(({ outcome }) => outcome !== 'changed')
  return (
    <Notice kind={isPartial ? 'warn' : 'good'} title={`${words.done(counts)}.`} isAnnounced>
      {token !== null && <p>{words.stopped(remaining)}</p>}
      {batch !== null && (
        <p>
          {words.batch} <code>{batch}</code>.
        </p>
      )}
    </Notice>
  )
}

function refusedFirst(items: readonly BulkItem[]): readonly BulkItem[] {
  const changed = (item: BulkItem) => item.outcome === 'changed'
  return [...items.filter((item) => !changed(item)), ...items.filter(changed)].slice(0, MOST_ROWS)
}

interface TableParts {
  readonly caption: string
  readonly items: readonly BulkItem[]
  /** Keys in all, of which these are the first. */
  readonly of: number
  readonly isDone: boolean
}

function ItemTable({ caption, items, of, isDone }: TableParts) {
  if (items.length === 0) return null
  return (
    <>
      <DataTable caption={caption} columns={columnsFor(isDone)} rows={items} idOf={({ id }) => id} />
      {items.length < of && <p className="hint">{words.shownOf(items.length, of)}</p>}
    </>
  )
}

function columnsFor(isDone: boolean): readonly Column<BulkItem>[] {
  const [said, kinds] = isDone
    ? [words.outcomes, KINDS]
    : [words.foreseen, { ...KINDS, changed: 'plain' } as const]
  return [
    {
      id: 'key',
      head: words.key,
      cell: ({ id, key }) =>
        key === null ? (
          <code>{id}</code>
        ) : (
          <span className="two-lines">
            <Link to={paths.key.to(id)}>{key.name}</Link>
            <code className="soft">{key.hint}</code>
          </span>
        ),
    },
    { id: 'owner', head: words.owner, cell: ({ key }) => key && (key.owner_name ?? key.owner_id) },
    {
      id: 'last_used',
      head: words.lastUsed,
      cell: ({ key }) => key && <Time at={key.last_used_at} ifNone={keyWords.noUse} />,
    },
    {
      id: 'calls',
      head: words.calls,
      align: 'end',
      cell: ({ key }) => key && countWords(key.calls_last_day),
    },
    {
      id: 'outcome',
      head: words.outcome,
      cell: ({ outcome, detail }) => (
        <>
          <Badge kind={kinds[outcome]}>{said[outcome] ?? outcome}</Badge>
          {detail !== null && <span className="soft"> {detail}</span>}
        </>
      ),
    },
  ]
}
