import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import type { KeyChangeWire, KeyWire } from '../../../src/keys/key.wire.ts'
import { change } from '../api/request.ts'
import { useCan } from '../api/session.ts'
import { FindingsOfHolder } from '../findings/findings-of-holder.part.tsx'
import { paths } from '../paths.ts'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Facts, Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { FullTime } from '../ui/time.tsx'
import { useAct } from '../ui/use-act.ts'
import { Arrival } from '../verifiers/arrival.part.tsx'
import { oneKeyWords as words } from '../words/key.ts'
import { keyWords } from '../words/keys.ts'
import { KeyHistory } from './key-history.tsx'
import { KeyRefusals } from './key-refusals.tsx'
import { whyNot } from './key-rules.ts'
import { KeyScopes } from './key-scopes.tsx'
import { KeyLimits, KeySecrets } from './key-secrets.tsx'
import { KeyState, stateSentence } from './key-state.tsx'
import { KeyAddresses, KeyUsage } from './key-usage.tsx'
import { type KeyRow, keyQuery } from './keys.queries.ts'

const ABOVE = [{ to: paths.keys.to({ state: 'live' }), words: keyWords.title }]

/** Everything about one key. */
export default function KeyPage({ id }: { readonly id: string }) {
  const key = useQuery(keyQuery(id))
  return (
    <Page
      title={key.data?.name ?? keyWords.key}
      above={ABOVE}
      {...(key.data === undefined
        ? {}
        : {
            lead: (
              <>
                <KeyState state={key.data.state} /> {stateSentence(key.data)}
              </>
            ),
            actions: <Acts keyRow={key.data} />,
          })}
    >
      <Loaded query={key}>{(found) => <About keyRow={found} />}</Loaded>
    </Page>
  )
}

function Acts({ keyRow }: { readonly keyRow: KeyRow }) {
  const can = useCan()
  const act = useAct()
  const { id } = keyRow
  const mayEnd = can('keys:revoke')
  const enable = () =>
    act.run(async () => {
      await change<typeof KeyWire>('POST', `/v1/keys/${id}/enable`)
    })
  if (keyRow.state === 'revoked') return null
  return (
    <>
      {can('keys:write') &&
        (keyRow.rotation !== null ? (
          <ButtonLink to={paths.rotateKey.to(id)}>{words.seeRotation}</ButtonLink>
        ) : (
          whyNot('rotate', keyRow) === null && (
            <ButtonLink to={paths.rotateKey.to(id)} kind="quiet">
              {words.rotate}
            </ButtonLink>
          )
        ))}
      {can('keys:write') && (
        <ButtonLink to={paths.editKey.to(id)} kind="quiet">
          {words.edit}
        </ButtonLink>
      )}
      {mayEnd && keyRow.disabled_at !== null && (
        <Button busy={act.isBusy} onClick={() => void enable()}>
          {words.enable}
        </Button>
      )}
      {mayEnd && (
        <ButtonLink to={paths.endKey.to(id)} kind="danger">
          {words.end}
        </ButtonLink>
      )}
      <ProblemBox error={act.error} />
    </>
  )
}

function About({ keyRow }: { readonly keyRow: KeyRow }) {
  const act = useAct()
  const { id } = keyRow
  const setScopes = async (scopes: readonly string[]) => {
    const done = await act.run(async () => {
      await change<typeof KeyWire, typeof KeyChangeWire>(
        'PATCH',
        `/v1/keys/${id}`,
        { scopes: [...scopes] },
        { since: keyRow },
      )
      return true
    })
    return done === true
  }
  return (
    <>
      <Arrival at={keyRow.revoked_at ?? keyRow.disabled_at} />
      {keyRow.secrets.some(({ exposed_at, state }) => exposed_at !== null && state !== 'ended') && (
        <Notice kind="alert">{words.exposed}</Notice>
      )}
      <FindingsOfHolder id={id} />
      <div className="card">
        <KeyFacts keyRow={keyRow} />
      </div>
      <KeyUsage id={id} />
      <KeyAddresses id={id} />
      <KeyScopes keyRow={keyRow} act={act} onChange={setScopes} />
      <KeyRefusals id={id} />
      <KeySecrets secrets={keyRow.secrets} />
      <KeyLimits keyRow={keyRow} />
      <KeyHistory id={id} />
    </>
  )
}

function KeyFacts({ keyRow }: { readonly keyRow: KeyRow }) {
  const facts = words.facts
  return (
    <Facts
      facts={[
        [facts.hint, <code key="hint">{keyRow.hint}</code>],
        [
          facts.owner,
          <Link key="owner" to={paths.keys.to({ owner_id: keyRow.owner_id })} title={facts.allOfOwner}>
            {keyRow.owner_id}
          </Link>,
        ],
        [facts.environment, keyRow.environment],
        [
          facts.created,
          <>
            <FullTime key="created" at={keyRow.created_at} />{' '}
            <span className="soft">{facts.by(keyRow.created_by_name ?? keyRow.created_by)}</span>
          </>,
        ],
        [
          facts.lastUsed,
          <>
            <FullTime key="used" at={keyRow.last_used_at} ifNone={facts.noUse} />{' '}
            {keyRow.last_used_ip !== null && <span className="soft">{facts.from(keyRow.last_used_ip)}</span>}
            <span className="hint">{facts.accuracy}</span>
          </>,
        ],
        [facts.expires, <FullTime key="expires" at={keyRow.expires_at} ifNone={facts.noExpiry} />],
        keyRow.rotation_due_at !== null && [
          facts.rotationDue,
          <FullTime key="due" at={keyRow.rotation_due_at} />,
        ],
        [facts.allowList, keyRow.ip_allowlist === null ? facts.anywhere : keyRow.ip_allowlist.join(', ')],
        [facts.note, keyRow.note ?? <span className="soft">{facts.noNote}</span>],
        keyRow.self_rotation && keyRow.auto_rotates_at === null && [facts.selfRotation, '✓'],
        keyRow.auto_rotates_at !== null && [
          facts.autoRotation,
          <>
            {facts.autoRotationDays(keyRow.auto_rotate_after_days ?? 0)}:{' '}
            <FullTime key="auto" at={keyRow.auto_rotates_at} />
            {keyRow.auto_rotation_overdue && <strong className="hint">{facts.autoRotationMissed}</strong>}
          </>,
        ],
        [facts.id, <code key="id">{keyRow.id}</code>],
      ]}
    />
  )
}
