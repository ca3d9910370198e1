import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Permission } from '../../../src/management/permission.ts'
import { useCan } from '../api/session.ts'
import { paths } from '../paths.ts'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Notice, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { FullTime } from '../ui/time.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { Arrival } from '../verifiers/arrival.part.tsx'
import { clientWords as words } from '../words/clients.ts'
import { ClientActs } from './client-acts.tsx'
import { ClientFacts } from './client-facts.tsx'
import { ClientSecrets } from './client-secrets.tsx'
import { type Client, clientImpactQuery, clientQuery } from './clients.queries.ts'
import { Hits } from './hits.tsx'
import { RefusedRequests } from './refused-requests.tsx'
import { SecretShownOnce } from './secret-shown-once.tsx'
import { STATE_KINDS } from './state-kinds.ts'

const ABOVE = [{ to: paths.clients.to(), words: words.title }]

/** One OAuth client: its state, secrets, what it may ask for, and what was refused. */
export default function ClientPage({ id }: { readonly id: string }) {
  const client = useQuery(clientQuery(id))
  const [secret, setSecret] = useState<string | null>(null)
  if (client.data === undefined)
    return (
      <Page title={id} above={ABOVE}>
        <Loaded query={client}>{() => null}</Loaded>
      </Page>
    )
  if (secret !== null)
    return <SecretShownOnce client={client.data} secret={secret} onStored={() => setSecret(null)} />
  return <ClientScreen client={client.data} onSecret={setSecret} />
}

interface ScreenParts {
  readonly client: Client
  /** Gets a new secret once; it is kept nowhere else. */
  readonly onSecret: (secret: string) => void
}

function ClientScreen({ client, onSecret }: ScreenParts) {
  const { client_id: id, name, state } = client
  const { query, set } = useUrlQuery(['act'])
  const whyNot = useWhyNot()
  const can = useCan()
  const impact = useQuery(clientImpactQuery(id))
  const ask = (act: string | undefined) => set({ act })
  return (
    <Page
      title={name}
      above={ABOVE}
      lead={
        <>
          <code>{id}</code> <Badge kind={STATE_KINDS[state]}>{words.states[state]}</Badge>
        </>
      }
      actions={state === 'revoked' ? undefined : <Actions client={client} onAsk={ask} whyNot={whyNot} />}
    >
      <StateNotice client={client} />
      <Arrival at={client.revoked_at ?? client.suspended_at} />
      <ClientSecrets client={client} act={query.act} onAsk={ask} onSecret={onSecret} />
      <Section
        title={words.allowedBy}
        actions={can('grants:read') && <Link to={paths.grants.to({ client_id: id })}>{words.grantsOf}</Link>}
      >
        <Loaded query={impact}>{(found) => <Hits impact={found} />}</Loaded>
      </Section>
      <RefusedRequests clientId={id} />
      <ClientFacts client={client} />
      <ClientActs client={client} act={query.act} onClose={() => ask(undefined)} />
    </Page>
  )
}

interface ActionParts {
  readonly client: Client
  readonly onAsk: (act: string) => void
  readonly whyNot: (permission: Permission) => string | null
}

function Actions({ client, onAsk, whyNot }: ActionParts) {
  const { client_id: id, suspended_at, published_at } = client
  const whyNotWrite = whyNot('clients:write')
  const whyNotEnd = whyNot('clients:revoke')
  return (
    <>
      {published_at === null && (
        <Button whyNot={whyNotWrite} onClick={() => onAsk('publish')}>
          {words.publish}
        </Button>
      )}
      <ButtonLink kind="quiet" to={paths.editClient.to(id)} whyNot={whyNotWrite}>
        {words.change}
      </ButtonLink>
      {suspended_at === null ? (
        <Button kind="danger" whyNot={whyNotEnd} onClick={() => onAsk('suspend')}>
          {words.suspend}
        </Button>
      ) : (
        <Button whyNot={whyNotEnd} onClick={() => onAsk('resume')}>
          {words.resume}
        </Button>
      )}
      <Button kind="danger" whyNot={whyNotEnd} onClick={() => onAsk('revoke')}>
        {words.revoke}
      </Button>
    </>
  )
}

function StateNotice({ client }: { readonly client: Client }) {
  const { state, suspended_at, suspended_reason, revoked_at, revoked_reason } = client
  if (state === 'live') return null
  if (state === 'draft')
    return (
      <Notice title={words.draftTitle}>
        <p>{words.testersLead}</p>
      </Notice>
    )
  const [at, reason] = state === 'revoked' ? [revoked_at, revoked_reason] : [suspended_at, suspended_reason]
  return (
    <Notice kind="warn" title={state === 'revoked' ? words.revokedTitle : words.suspendedTitle}>
      {at === null ? (
        <p>{words.suspendedByOwner}</p>
      ) : (
        <p>
          {words.since} <FullTime at={at} />. {words.reason}: {reason}
        </p>
      )}
    </Notice>
  )
}
