import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import type { IssuedClientWire, NewClientWire } from '../../../src/clients/client.wire.ts'
import { change } from '../api/request.ts'
import { useSession } from '../api/session.ts'
import { paths } from '../paths.ts'
import { scopesQuery } from '../scopes/scopes.queries.ts'
import { Loaded } from '../ui/loading.tsx'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { appWords } from '../words/app.ts'
import { clientWords as words } from '../words/clients.ts'
import { ClientForm } from './client.form.tsx'
import { newBody, newDraft } from './client-draft.ts'
import { SecretShownOnce } from './secret-shown-once.tsx'

/** Registers a client, then shows its secret once if it has one. */
export default function NewClientPage() {
  const { query, unknown } = useUrlQuery(['owner_id'])
  const { environments } = useSession()
  const [draft, setDraft] = useState(() => newDraft(environments, query.owner_id ?? ''))
  const [issued, setIssued] = useState<{ client_id: string; name: string; secret: string } | null>(null)
  const scopes = useQuery(scopesQuery)
  const act = useAct()
  const whyNot = useWhyNot()
  const [, navigate] = useLocation()
  if (issued !== null)
    return (
      <SecretShownOnce
        client={issued}
        secret={issued.secret}
        onStored={() => {
          setIssued(null)
          navigate(paths.client.to(issued.client_id), { replace: true })
        }}
      />
    )
  const submit = () =>
    act.run(async () => {
      const body = newBody(draft)
      const { client_id, name, client_secret } = await change<typeof IssuedClientWire, typeof NewClientWire>(
        'POST',
        '/v1/clients',
        body,
        { once: true },
      )
      if (client_secret === undefined) navigate(paths.client.to(client_id), { replace: true })
      else setIssued({ client_id, name, secret: client_secret })
    })
  return (
    <Page
      title={words.newTitle}
      lead={words.newLead}
      above={[{ to: paths.clients.to(), words: words.title }]}
    >
      {unknown.length > 0 && <Notice kind="warn">{appWords.unknownParameters(unknown)}</Notice>}
      <Loaded query={scopes}>
        {(catalogue) => (
          <ClientForm
            draft={draft}
            onChange={(changes) => setDraft((now) => ({ ...now, ...changes }))}
            scopes={catalogue}
            environments={environments}
            isNew
            isFromDocument={false}
            act={act}
            whyNot={whyNot('clients:write')}
            onSubmit={() => void submit()}
          />
        )}
      </Loaded>
    </Page>
  )
}
