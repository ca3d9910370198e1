import { useQuery } from '@tanstack/react-query'
import type { OwnerWire } from '../../../src/owners/owner.wire.ts'
import { change } from '../api/request.ts'
import { useCan } from '../api/session.ts'
import { paths } from '../paths.ts'
import { RULES } from '../settings/policy-draft.part.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { Button } from '../ui/button.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Facts, Notice, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { FullTime } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { Arrival } from '../verifiers/arrival.part.tsx'
import { ownPolicyWords } from '../words/own-policy.ts'
import { ownerWords as words } from '../words/owners.ts'
import { policyWords } from '../words/policies.ts'
import { countWords, durationWords } from '../words/time-words.ts'
import { Members } from './members.tsx'
import { OwnPolicyForm } from './own-policy.form.tsx'
import { OwnerForm } from './owner.form.tsx'
import { type Owner, ownerQuery } from './owner.queries.ts'
import { OwnerCredentials } from './owner-credentials.tsx'
import { SuspendDialog } from './suspend.tsx'

/** One owner: what reaches its data, its limits and its members. */
export default function OwnerPage({ id }: { readonly id: string }) {
  const owner = useQuery(ownerQuery(id))
  return owner.data === undefined ? (
    <Page title={id} above={[{ to: paths.owners.to(), words: words.title }]}>
      <Loaded query={owner}>{() => null}</Loaded>
    </Page>
  ) : (
    <OwnerScreen owner={owner.data} />
  )
}

function OwnerScreen({ owner }: { readonly owner: Owner }) {
  const { id, name } = owner
  const shownName = name ?? id
  const whyNot = useWhyNot()
  const can = useCan()
  // The open dialog is in the URL, so that it is open again after a proof on another page.
  const { query, set } = useUrlQuery(['act', 'credentials'])
  const close = () => set({ act: undefined })
  const path = `/v1/owners/${encodeURIComponent(id)}` as const
  const isSuspended = owner.suspended_at !== null
  return (
    <Page
      title={shownName}
      above={[{ to: paths.owners.to(), words: words.title }]}
      lead={
        <>
          <code>{id}</code>{' '}
          <Badge kind={isSuspended ? 'warn' : 'good'}>
            {isSuspended ? words.states.suspended : words.states.active}
          </Badge>
        </>
      }
      actions={
        isSuspended ? (
          <Button whyNot={whyNot('owners:suspend')} onClick={() => set({ act: 'resume' })}>
            {words.resume}
          </Button>
        ) : (
          <Button kind="danger" whyNot={whyNot('owners:suspend')} onClick={() => set({ act: 'suspend' })}>
            {words.suspend}
          </Button>
        )
      }
    >
      {isSuspended && (
        <Notice kind="warn" title={words.suspendedTitle}>
          <p>
            {words.suspendedSince} <FullTime at={owner.suspended_at} />. {words.reason}:{' '}
            {owner.suspended_reason}
          </p>
        </Notice>
      )}
      <Arrival at={owner.suspended_at} />
      <OwnerCredentials
        ownerId={id}
        shown={query.credentials === 'all' ? 'all' : 'active'}
        onShow={(credentials) => set({ credentials: credentials === 'all' ? 'all' : undefined })}
      />
      <Section
        title={words.limits}
        lead={words.limitsLead}
        actions={
          <>
            <Button kind="quiet" whyNot={whyNot('owners:write')} onClick={() => set({ act: 'change' })}>
              {words.change}
            </Button>
            <Button kind="quiet" whyNot={whyNot('owners:write')} onClick={() => set({ act: 'policy' })}>
              {ownPolicyWords.change}
            </Button>
          </>
        }
      >
        <div className="card">
          <Facts facts={factsOf(owner)} />
        </div>
      </Section>
      <Members ownerId={id} />
      {query.act === 'change' && can('owners:write') && <OwnerForm owner={owner} onClose={close} />}
      {query.act === 'policy' && can('owners:write') && <OwnPolicyForm owner={owner} onClose={close} />}
      {query.act === 'suspend' && !isSuspended && <SuspendDialog owner={owner} onClose={close} />}
      {query.act === 'resume' && isSuspended && (
        <ActDialog
          title={words.resumeTitle(shownName)}
          act={words.resumeAct}
          whyNot={whyNot('owners:suspend')}
          onClose={close}
          onAct={async () => {
            await change<typeof OwnerWire>('POST', `${path}/resume`, {})
          }}
        >
          <p>{words.resumeWords}</p>
        </ActDialog>
      )}
    </Page>
  )
}

function factsOf(owner: Owner) {
  const { rate_limits, quota, notice_contacts } = owner
  const own = RULES.filter((name) => owner[name] !== null)
  return [
    [words.created, <FullTime key="created" at={owner.created_at} />],
    [words.notice, notice_contacts.join(', ') || words.noNotice],
    [
      words.rateLimits,
      rate_limits.length === 0
        ? words.noLimit
        : rate_limits
            .map(
              ({ name, limit, window_seconds: seconds }) =>
                `${name}: ${words.rate(countWords(limit), durationWords(seconds))}`,
            )
            .join(', '),
    ],
    [words.quota, quota === null ? words.noLimit : words.quotaOf(countWords(quota.limit), quota.period)],
    ...(own.length === 0 ? [[words.ownRules, words.noOwnRules] as const] : []),
    ...own.map((name) => [policyWords.rules[name], policyWords.value(name, owner[name])] as const),
  ] as const
}
