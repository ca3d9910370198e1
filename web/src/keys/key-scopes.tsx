import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Static } from 'typebox'
import type { KeyScopeUseWire } from '../../../src/usage/key-use.wire.ts'
import { Button } from '../ui/button.tsx'
import { DataTable } from '../ui/data-table.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Notice, Section } from '../ui/notice.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { Day, msOf, Time } from '../ui/time.tsx'
import type { Act } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { oneKeyWords as words } from '../words/key.ts'
import { scopeUseQuery } from './key-use.queries.ts'
import type { KeyRow } from './keys.queries.ts'

const KINDS = { used: 'good', only_implied: 'good', unused: 'warn', unknown: 'plain' } as const

interface ScopesParts {
  readonly keyRow: KeyRow
  readonly act: Act
  /** Sets the scopes; resolves to whether that was done. */
  readonly onChange: (scopes: readonly string[]) => Promise<boolean>
}

/** The scopes of a key, which of them were exercised, and a way to leave it with only those. */
export function KeyScopes({ keyRow, act, onChange }: ScopesParts) {
  const whyNot = useWhyNot()
  const use = useQuery(scopeUseQuery(keyRow.id))
  const [isAsking, setAsking] = useState(false)
  const unused = use.data?.unused ?? []
  const mayShrink = keyRow.state !== 'revoked' && keyRow.state !== 'expired' && unused.length > 0
  return (
    <Section
      title={words.scopes}
      lead={words.scopesLead}
      actions={
        mayShrink && (
          <Button kind="quiet" whyNot={whyNot('keys:write')} onClick={() => setAsking(true)}>
            {words.shrink(unused.length)}
          </Button>
        )
      }
    >
      <FormerScopes keyRow={keyRow} act={act} onChange={onChange} />
      <Loaded query={use}>{(found) => <ScopeTable found={found} />}</Loaded>
      {isAsking && (
        <Dialog title={words.shrinkTitle} onClose={() => setAsking(false)}>
          <p>{words.shrinkLead}</p>
          <ul>
            {unused.map((scope) => (
              <li key={scope}>
                <code>{scope}</code>
              </li>
            ))}
          </ul>
          <p>
            {words.shrinkKeeps}{' '}
            {keyRow.scopes
              .filter((scope) => !unused.includes(scope))
              .map((scope) => (
                <code key={scope}>{scope} </code>
              ))}
          </p>
          <p>{words.shrinkUndo}</p>
          <ProblemBox error={act.error} />
          <div className="form-end">
            <Button
              busy={act.isBusy}
              onClick={async () => {
                if (await onChange(keyRow.scopes.filter((scope) => !unused.includes(scope)))) setAsking(false)
              }}
            >
              {words.shrinkAct}
            </Button>
            <Button kind="quiet" onClick={() => setAsking(false)}>
              {appWords.cancel}
            </Button>
          </div>
        </Dialog>
      )}
    </Section>
  )
}

const UNDO_MS = 7 * 86_400_000

/** Scopes that a change took away, with a way to put them back while that can be undone. */
function FormerScopes({ keyRow, act, onChange }: ScopesParts) {
  const whyNot = useWhyNot()
  const { former_scopes: former, scopes_changed_at: at, scopes, state } = keyRow
  const gone = (former ?? []).filter((scope) => !scopes.includes(scope))
  if (at === null || former === null || gone.length === 0 || state === 'revoked' || state === 'expired')
    return null
  if (Date.now() - msOf(at) > UNDO_MS) return null
  return (
    <Notice title={words.shrunk}>
      <p>
        {gone.map((scope) => (
          <code key={scope}>{scope} </code>
        ))}
        <Time at={at} />
      </p>
      <ProblemBox error={act.error} />
      <div className="notice-end">
        <Button
          kind="quiet"
          busy={act.isBusy}
          whyNot={whyNot('keys:write')}
          onClick={() => void onChange(former)}
        >
          {words.undoShrink}
        </Button>
      </div>
    </Notice>
  )
}

function ScopeTable({ found }: { readonly found: Static<typeof KeyScopeUseWire> }) {
  const { data, known_since, since } = found
  if (data.length === 0) return <p className="soft">{words.noScopes}</p>
  const isPartial = known_since === null || String(known_since) > String(since)
  return (
    <>
      <DataTable
        caption={words.scopes}
        rows={data}
        idOf={({ scope }) => scope}
        columns={[
          { id: 'scope', head: words.scope, cell: ({ scope }) => <code>{scope}</code> },
          {
            id: 'use',
            head: words.use,
            cell: ({ use, implied_used }) => (
              <>
                <Badge kind={KINDS[use]}>{words.uses[use]}</Badge>{' '}
                {implied_used.length > 0 && <span className="soft">{words.impliedUsed(implied_used)}</span>}
              </>
            ),
          },
          {
            id: 'used_on',
            head: words.usedOn,
            cell: ({ last_used_on }) => <Day at={last_used_on} ifNone="–" />,
          },
        ]}
      />
      {isPartial && (
        <p className="hint">
          {known_since === null ? (
            words.notKnownYet
          ) : (
            <>
              {words.knownSince} <Time at={known_since} />.
            </>
          )}
        </p>
      )}
    </>
  )
}
