import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import type { ClientChangeWire, ClientWire } from '../../../src/clients/client.wire.ts'
import { change } from '../api/request.ts'
import { useSession } from '../api/session.ts'
import { paths } from '../paths.ts'
import { type Scope, scopesQuery } from '../scopes/scopes.queries.ts'
import { Loaded } from '../ui/loading.tsx'
import { Page } from '../ui/page.tsx'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { clientWords as words } from '../words/clients.ts'
import { ClientForm } from './client.form.tsx'
import { changeBody, draftOf } from './client-draft.ts'
import { type Client, clientPath, clientQuery } from './clients.queries.ts'

/** Changes what is said of a client. */
export default function EditClientPage({ id }: { readonly id: string }) {
  const client = useQuery(clientQuery(id))
  const scopes = useQuery(scopesQuery)
  return (
    <Page
      title={words.editTitle(client.data?.name ?? id)}
      above={[
        { to: paths.clients.to(), words: words.title },
        { to: paths.client.to(id), words: client.data?.name ?? id },
      ]}
    >
      <Loaded query={client}>
        {(found) => (
          <Loaded query={scopes}>{(catalogue) => <EditForm client={found} catalogue={catalogue} />}</Loaded>
        )}
      </Loaded>
    </Page>
  )
}

function EditForm({ client, catalogue }: { readonly client: Client; readonly catalogue: readonly Scope[] }) {
  const [opened] = useState(client)
  const [draft, setDraft] = useState(() => draftOf(opened))
  const { environments } = useSession()
  const act = useAct()
  const whyNot = useWhyNot()
  const [, navigate] = useLocation()
  const submit = async () => {
    const body = changeBody(draft, client)
    const isSaved = await act.run(async () => {
      if (Object.keys(body).length > 0)
        await change<typeof ClientWire, typeof ClientChangeWire>(
          'PATCH',
          clientPath(client.client_id),
          body,
          { since: opened },
        )
      return true
    })
    if (isSaved === true) navigate(paths.client.to(client.client_id))
  }
  return (
    <ClientForm
      draft={draft}
      onChange={(changes) => setDraft((now) => ({ ...now, ...changes }))}
      scopes={catalogue}
      environments={environments}
      isNew={false}
      isFromDocument={client.source === 'metadata_document'}
      act={act}
      whyNot={whyNot('clients:write')}
      onSubmit={() => void submit()}
    />
  )
}
