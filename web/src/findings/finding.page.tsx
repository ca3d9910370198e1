import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Link } from 'wouter'
import type { FindingWire } from '../../../src/findings/finding.wire.ts'
import { remediesOf } from '../../../src/findings/remedy.ts'
import { change } from '../api/request.ts'
import { paths } from '../paths.ts'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Facts, Notice, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { ShownOnce } from '../ui/shown-once.tsx'
import { FullTime } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { findingWords as words } from '../words/findings.ts'
import { AcceptFinding } from './accept.form.tsx'
import { type FindingRow, findingQuery } from './findings.queries.ts'
import { Holder, holderName, holderPath } from './holder.tsx'
import { RemedyForm } from './remedy.form.tsx'

const ABOVE = [{ to: paths.findings.to({ state: 'open' }), words: words.title }]

/** A remedy that is done: the finding itself may be gone. */
interface Done {
  readonly finding: FindingRow
  readonly act: string
  readonly isClosed: boolean
  readonly secret: string | null
}

/** One finding: its evidence, what helps, and its acceptance. */
export default function FindingPage({ id }: { readonly id: string }) {
  const [done, setDone] = useState<Done | null>(null)
  if (done === null) return <OpenFinding id={id} onDone={setDone} />
  return <DoneRemedy done={done} onStored={() => setDone({ ...done, secret: null })} />
}

/** Says what was done, after the secret where one was made. All that other pages show is read again. */
function DoneRemedy({ done, onStored }: { readonly done: Done; readonly onStored: () => void }) {
  const { finding, act, isClosed, secret } = done
  const cache = useQueryClient()
  useEffect(() => {
    void cache.invalidateQueries()
  }, [cache])
  if (secret !== null)
    return (
      <ShownOnce
        title={words.secretTitle(holderName(finding))}
        tab={words.secretTab}
        lead={words.secretLead}
        fields={[{ label: words.secret, value: secret, hint: words.secretHint }]}
        lost={words.secretLost}
        done={words.secretStored}
        onDone={onStored}
      />
    )
  return (
    <Page title={words.kinds[finding.kind]} above={ABOVE}>
      <Notice kind="good" isAnnounced title={words.done(act)}>
        <p>{isClosed ? words.doneClosed : words.doneOpen}</p>
        <div className="notice-end">
          <ButtonLink to={holderPath(finding)}>{words.toHolder}</ButtonLink>
          <ButtonLink kind="quiet" to={paths.findings.to({ state: 'open' })}>
            {words.toList}
          </ButtonLink>
        </div>
      </Notice>
    </Page>
  )
}

function OpenFinding({ id, onDone }: { readonly id: string; readonly onDone: (done: Done) => void }) {
  const finding = useQuery(findingQuery(id))
  const { query, set } = useUrlQuery(['act'])
  const found = finding.data
  return (
    <Page
      title={found === undefined ? words.kind : words.kinds[found.kind]}
      above={ABOVE}
      {...(found === undefined
        ? {}
        : {
            lead: words.evidenceOf(found.kind, found.evidence),
            actions: <Acts finding={found} onAccept={() => set({ act: 'accept' })} />,
          })}
    >
      <Loaded query={finding}>
        {(shown) => (
          <>
            <div className="card">
              <FindingFacts finding={shown} />
            </div>
            <Section title={words.remedy}>
              {shown.kind === 'over_permitted' && (
                <p>
                  {words.replaceFirst} <Link to={paths.newAdminKey.to()}>{words.newAdminKey}</Link>
                </p>
              )}
              {remediesOf(shown.kind, shown.holder.kind).length === 0 ? (
                <p>{words.noRemedy}</p>
              ) : (
                <RemedyForm
                  finding={shown}
                  onDone={({ remedy, closed, secret }) =>
                    onDone({ finding: shown, act: words.remedies[remedy][0], isClosed: closed, secret })
                  }
                />
              )}
            </Section>
            {query.act === 'accept' && (
              <AcceptFinding finding={shown} onClose={() => set({ act: undefined })} />
            )}
          </>
        )}
      </Loaded>
    </Page>
  )
}

function Acts({ finding, onAccept }: { readonly finding: FindingRow; readonly onAccept: () => void }) {
  const act = useAct()
  const whyNot = useWhyNot()('findings:write')
  const withdraw = () =>
    act.run(async () => {
      await change<typeof FindingWire>('POST', `/v1/findings/${finding.id}/withdraw`)
    })
  return (
    <>
      {finding.state === 'accepted' ? (
        <Button kind="quiet" whyNot={whyNot} busy={act.isBusy} onClick={() => void withdraw()}>
          {words.withdraw}
        </Button>
      ) : (
        <Button kind="quiet" whyNot={whyNot} onClick={onAccept}>
          {words.accept}
        </Button>
      )}
      <ProblemBox error={act.error} />
    </>
  )
}

function FindingFacts({ finding }: { readonly finding: FindingRow }) {
  const { state, owner_id, environment, first_seen_at, acceptance, id } = finding
  return (
    <Facts
      facts={[
        [words.holder, <Holder key="holder" finding={finding} />],
        [
          words.owner,
          owner_id === null ? (
            words.provider
          ) : (
            <Link key="owner" to={paths.findings.to({ owner_id })}>
              {owner_id}
            </Link>
          ),
        ],
        [words.environment, environment ?? words.noEnvironment],
        [
          words.state,
          <Badge key="state" kind={state === 'open' ? 'warn' : 'plain'}>
            {words.states[state]}
          </Badge>,
        ],
        [words.since, <FullTime key="since" at={first_seen_at} />],
        acceptance !== null && [words.acceptedUntil, <FullTime key="until" at={acceptance.until} />],
        acceptance !== null && [words.acceptedBy, <code key="by">{acceptance.by}</code>],
        acceptance !== null && [words.reason, acceptance.reason],
        [words.id, <code key="id">{id}</code>],
      ]}
    />
  )
}
