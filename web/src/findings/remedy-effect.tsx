import type { ReactNode } from 'react'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { Notice } from '../ui/notice.tsx'
import { Day, ExactTime, Time } from '../ui/time.tsx'
import { appWords } from '../words/app.ts'
import { findingWords as words } from '../words/findings.ts'
import type { Remedied } from './findings.queries.ts'

type Standing = Remedied['before']
type Setting = keyof typeof words.settings

/** A dry run: each setting that changes, and the callers of the last days that would be refused. */
export function RemedyEffect({ effect }: { readonly effect: Remedied }) {
  const { before, after, remedy, closed } = effect
  const changed = (Object.keys(words.settings) as Setting[]).filter(
    (setting) => JSON.stringify(before[setting]) !== JSON.stringify(after[setting]),
  )
  return (
    <div className="effect">
      <h3>{words.wouldChange}</h3>
      {changed.length > 0 && (
        <DataTable
          caption={words.wouldChange}
          columns={[
            { id: 'setting', head: words.setting, cell: (setting) => words.settings[setting] },
            { id: 'before', head: words.before, cell: (setting) => <Value of={before} setting={setting} /> },
            { id: 'after', head: words.after, cell: (setting) => <Value of={after} setting={setting} /> },
          ]}
          rows={changed}
          idOf={(setting) => setting}
        />
      )}
      {remedy === 'rotate' && <p>{words.newSecret}</p>}
      <Refused effect={effect} />
      {!closed && <Notice kind="warn">{words.staysOpen}</Notice>}
    </div>
  )
}

function Value({ of, setting }: { readonly of: Standing; readonly setting: Setting }): ReactNode {
  switch (setting) {
    case 'scopes':
      return <Codes values={of.scopes ?? []} ifNone={words.noSetting} />
    case 'ip_allowlist':
      return <Codes values={of.ip_allowlist ?? []} ifNone={words.anywhere} />
    case 'expires_at':
      return of.expires_at === null ? words.noExpiry : <ExactTime at={of.expires_at} />
    case 'old_secret_ends_at':
      return of.old_secret_ends_at === null ? words.noSetting : <ExactTime at={of.old_secret_ends_at} />
    case 'state':
      return of.state
  }
}

function Codes({ values, ifNone }: { readonly values: readonly string[]; readonly ifNone: string }) {
  if (values.length === 0) return <span className="soft">{ifNone}</span>
  return values.map((value) => (
    <span key={value} className="spaced">
      <code>{value}</code>
    </span>
  ))
}

type Caller = Remedied['refuses']['callers'][number]
type LostScope = Remedied['refuses']['scopes'][number]

function Refused({ effect }: { readonly effect: Remedied }) {
  const { refuses, accepted_last_day: calls, last_used_at, grants } = effect
  const { from, callers, scopes } = refuses
  const isSafe = callers.length === 0 && scopes.every(({ last_day }) => last_day === null)
  return (
    <Notice kind={isSafe ? 'warn' : 'alert'} title={words.refuses}>
      {callers.length === 0 && <p>{from === null ? words.refusesNobody : words.refusesNone}</p>}
      {from !== null && (
        <p>
          {words.refusedFrom} <ExactTime at={from} />.
        </p>
      )}
      {callers.length > 0 && (
        <DataTable
          caption={words.refuses}
          columns={CALLERS}
          rows={callers}
          idOf={({ hint, ip }) => `${hint} ${ip}`}
        />
      )}
      {scopes.length > 0 && (
        <DataTable
          caption={words.lostScope}
          columns={SCOPES}
          rows={scopes}
          idOf={({ scope }: LostScope) => scope}
        />
      )}
      {grants !== null && grants.count > 0 && <p>{words.grants(grants.count, grants.at_least)}</p>}
      {calls !== null && calls > 0 && <p>{words.callsLastDay(calls)}</p>}
      <p>
        {words.lastUsed} <Time at={last_used_at} ifNone={words.notKnown} />
      </p>
    </Notice>
  )
}

const CALLERS: readonly Column<Caller>[] = [
  { id: 'ip', head: words.caller, cell: ({ ip }) => <code>{ip}</code> },
  { id: 'program', head: words.program, cell: ({ user_agent }) => user_agent ?? appWords.unknown },
  { id: 'secret', head: words.secret, cell: ({ hint }) => <code>{hint}</code> },
  { id: 'at', head: words.lastCall, cell: ({ at }) => <Time at={at} /> },
]

const SCOPES: readonly Column<LostScope>[] = [
  { id: 'scope', head: words.lostScope, cell: ({ scope }) => <code>{scope}</code> },
  {
    id: 'last',
    head: words.lastExercised,
    cell: ({ last_day }) => <Day at={last_day} ifNone={words.notKnown} />,
  },
]
