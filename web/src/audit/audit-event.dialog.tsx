import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Facts } from '../ui/notice.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { FullTime } from '../ui/time.tsx'
import { appWords } from '../words/app.ts'
import { auditWords as words } from '../words/audit.ts'
import { valueWords } from '../words/value-words.ts'
import type { AuditEvent } from './audit.queries.ts'
import { changesOf } from './audit-changes.ts'
import { historyQuery } from './audit-log.queries.ts'

/** One event whole, with what it changed: before and after. */
export function AuditEventDialog({
  event,
  onClose,
}: {
  readonly event: AuditEvent
  readonly onClose: () => void
}) {
  const history = useQuery(historyQuery(event))
  const changes = changesOf(event, history.data ?? [])
  const { actor, target_id, owner_id } = event
  const hasBefore = changes.some(({ before }) => before !== undefined)
  const top = useRef<HTMLDivElement>(null)
  // The dialog begins at its top, not at its first button, which is at the end.
  useEffect(() => top.current?.focus(), [])
  return (
    <Dialog title={event.action} onClose={onClose}>
      <div ref={top} tabIndex={-1} className="dialog-top">
        <Facts
          facts={[
            [words.at, <FullTime key="at" at={event.at} />],
            [words.result, words.results[event.result]],
            [words.actor, `${words.kinds[actor.kind] ?? actor.kind} ${actor.name ?? ''} ${actor.id ?? ''}`],
            [words.target, target_id ?? appWords.none],
            [words.owner, owner_id ?? appWords.none],
            [words.address, event.ip ?? appWords.none],
            [words.request, event.request_id ?? appWords.none],
            [words.entry, `${event.seq} · ${event.id}`],
          ]}
        />
      </div>
      <h3 className="dialog-head">{hasBefore ? words.changes : words.content}</h3>
      <ProblemBox error={history.error} onRetry={() => void history.refetch()} />
      {changes.length === 0 ? (
        <p>{words.noDetail}</p>
      ) : (
        <div className="table-box">
          <table>
            <caption className="unseen">{words.changesOf(event.seq)}</caption>
            <thead>
              <tr>
                <th scope="col">{words.field}</th>
                {hasBefore && <th scope="col">{words.before}</th>}
                <th scope="col">{hasBefore ? words.after : words.value}</th>
              </tr>
            </thead>
            <tbody>
              {changes.map(({ name, before, after }) => (
                <tr key={name}>
                  <th scope="row">{name.replaceAll('_', ' ')}</th>
                  {hasBefore && (
                    <td className="soft" data-head={words.before}>
                      {before === undefined ? words.notKnown : valueWords(before, words.notSet)}
                    </td>
                  )}
                  <td data-head={hasBefore ? words.after : words.value}>{valueWords(after, words.notSet)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className="hint">
        {words.hash} <code>{event.hash}</code>
      </p>
      <div className="form-end">
        <button type="button" className="button" onClick={onClose}>
          {appWords.close}
        </button>
        {target_id !== null && (
          <Link className="button quiet" to={paths.audit.to({ target_id })} onClick={onClose}>
            {words.everythingOn(target_id)}
          </Link>
        )}
      </div>
    </Dialog>
  )
}
