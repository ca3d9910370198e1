import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Static } from 'typebox'
import type { KeyWire } from '../../../src/keys/key.wire.ts'
import type { KeyRotationWire } from '../../../src/usage/key-use.wire.ts'
import { change } from '../api/request.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { Button } from '../ui/button.tsx'
import { Chart } from '../ui/chart.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Facts, Notice } from '../ui/notice.tsx'
import { msOf, Time } from '../ui/time.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { outcomeName } from '../words/outcomes.ts'
import { rotateWords as words } from '../words/rotate-key.ts'
import { rotationQuery } from './key-use.queries.ts'
import { RotationEnd } from './rotation-end.tsx'

type Rotation = Static<typeof KeyRotationWire>
type SecretUse = Rotation['secrets'][number]

interface ViewParts {
  readonly id: string
  /** Called with what was done. */
  readonly onDone: (said: string) => void
}

/** Both secrets of a running rotation side by side, live, and if it is safe to finish. */
export function RotationView({ id, onDone }: ViewParts) {
  const [isEnding, setEnding] = useState(false)
  // Once it has ended there is nothing to ask for.
  const rotation = useQuery({ ...rotationQuery(id), enabled: !isEnding })
  return (
    <Loaded query={rotation}>
      {(found) => (
        <>
          <Notice
            kind={found.verdict.safe_to_finish ? 'good' : 'warn'}
            title={found.verdict.safe_to_finish ? words.safe : words.unsafe}
          >
            <Reason verdict={found.verdict} />
            <RotationEnd id={id} rotation={found} />
          </Notice>
          <div className="two">
            {found.secrets.map((secret) => (
              <SecretCard key={secret.id} secret={secret} />
            ))}
          </div>
          <p className="hint">{words.live}</p>
          <Acts rotation={found} id={id} onDone={onDone} onEnding={setEnding} />
        </>
      )}
    </Loaded>
  )
}

function Reason({ verdict: { code, at } }: { readonly verdict: Rotation['verdict'] }) {
  return (
    <p>
      {words.reasons[code]}
      {at !== null && (
        <>
          {' '}
          {words.lastUseOfOld} <Time at={at} />.
        </>
      )}
    </p>
  )
}

function SecretCard({ secret }: { readonly secret: SecretUse }) {
  const name = words[secret.role]
  // The last point is the minute that has just begun.
  const lastMinute = secret.minutes.at(-2)?.accepted ?? 0
  return (
    <section className="card secret-card" aria-label={name}>
      <h2>{name}</h2>
      <p>
        <code>{secret.hint}</code>
      </p>
      <p className="big">{words.perMinute(lastMinute)}</p>
      <Chart
        title={words.chart(name)}
        height={96}
        buckets={secret.minutes.map(({ at }) => msOf(at))}
        stepSeconds={60}
        empty={words.noCalls}
        series={[
          {
            name: outcomeName('accepted'),
            tone: 'good',
            total: secret.calls_last_hour,
            values: secret.minutes.map(({ accepted }) => accepted),
          },
          {
            name: outcomeName('refused'),
            tone: 'alert',
            total: secret.refused_last_hour,
            values: secret.minutes.map(({ refused }) => refused),
          },
        ]}
      />
      <Facts
        facts={[
          [words.lastUse, <Time key="used" at={secret.last_used_at} ifNone={words.noUse} />],
          [words.from, secret.last_used_ip === null ? '–' : <code key="ip">{secret.last_used_ip}</code>],
          [words.agent, secret.last_used_user_agent ?? '–'],
        ]}
      />
    </section>
  )
}

interface ActsParts extends ViewParts {
  readonly rotation: Rotation
  /** Called with true before a request that ends it, and with false where that failed. */
  readonly onEnding: (isEnding: boolean) => void
}

function Acts({ rotation, id, onDone, onEnding }: ActsParts) {
  const [asked, setAsked] = useState<'finish' | 'undo' | null>(null)
  const mayNot = useWhyNot()('keys:write')
  const isNewUsed = rotation.secrets.some(({ role, last_used_at }) => role === 'new' && last_used_at !== null)
  const isSafe = rotation.verdict.safe_to_finish
  const end = async (what: 'finish' | 'undo') => {
    onEnding(true)
    try {
      await change<typeof KeyWire>('POST', `/v1/keys/${id}/rotation/${what}`)
    } catch (error) {
      onEnding(false)
      throw error
    }
    onDone(what === 'finish' ? words.finished : words.undone)
  }
  return (
    <>
      <div className="form-end">
        <Button kind={isSafe ? 'main' : 'quiet'} whyNot={mayNot} onClick={() => setAsked('finish')}>
          {words.finish}
        </Button>
        <Button
          kind="quiet"
          whyNot={mayNot ?? (isNewUsed ? words.inUse : null)}
          onClick={() => setAsked('undo')}
        >
          {words.undo}
        </Button>
      </div>
      {asked !== null && (
        <ActDialog
          title={asked === 'finish' ? words.finishTitle : words.undoTitle}
          act={asked === 'undo' ? words.undoAct : isSafe ? words.finishAct : words.finishAnyway}
          isDangerous={asked === 'finish' && !isSafe}
          onClose={() => setAsked(null)}
          onAct={() => end(asked)}
        >
          <p>{asked === 'finish' ? words.finishText : words.undoText}</p>
          {asked === 'finish' && <Reason verdict={rotation.verdict} />}
        </ActDialog>
      )}
    </>
  )
}
