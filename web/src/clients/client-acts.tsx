import { useQuery } from '@tanstack/react-query'
import type { ClientWire } from '../../../src/clients/client.wire.ts'
import { change } from '../api/request.ts'
import { ActDialog } from '../ui/act-dialog.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Notice } from '../ui/notice.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { actWords } from '../words/acts.ts'
import { clientWords as words } from '../words/clients.ts'
import { type Client, clientImpactQuery, clientPath } from './clients.queries.ts'
import { Hits } from './hits.tsx'

interface ActsParts {
  readonly client: Client
  readonly act: string | undefined
  readonly onClose: () => void
}

/** Actions on a client as a whole; each dialog names first what will stop. */
export function ClientActs({ client, act, onClose }: ActsParts) {
  const { client_id: id, name, state, suspended_at, published_at } = client
  const whyNot = useWhyNot()
  if (state === 'revoked') return null
  const send = (verb: string, body: Record<string, unknown>) => async () => {
    await change<typeof ClientWire>('POST', clientPath(id, `/${verb}`), body)
  }
  if (act === 'publish' && published_at === null)
    return (
      <ActDialog
        title={words.publishTitle(name)}
        act={words.publishAct}
        whyNot={whyNot('clients:write')}
        onClose={onClose}
        onAct={send('publish', {})}
      >
        <p>{words.publishWords}</p>
      </ActDialog>
    )
  if (act === 'resume' && suspended_at !== null)
    return (
      <ActDialog
        title={words.resumeTitle(name)}
        act={words.resumeAct}
        whyNot={whyNot('clients:revoke')}
        onClose={onClose}
        onAct={send('resume', {})}
      >
        <p>{words.resumeWords}</p>
      </ActDialog>
    )
  if (act === 'suspend' && suspended_at === null)
    return (
      <ActDialog
        title={words.suspendTitle(name)}
        act={words.suspendAct}
        isDangerous
        reason="required"
        whyNot={whyNot('clients:revoke')}
        onClose={onClose}
        onAct={(reason) => send('suspend', { reason })()}
      >
        <p>{words.suspendWords}</p>
        <WhatStops id={id} />
      </ActDialog>
    )
  if (act === 'revoke')
    return (
      <ActDialog
        title={words.revokeTitle(name)}
        act={words.revokeAct}
        isDangerous
        reason="optional"
        whyNot={whyNot('clients:revoke')}
        onClose={onClose}
        onAct={(reason) => send('revoke', reason === '' ? {} : { reason })()}
      >
        <p>{words.revokeWords}</p>
        <WhatStops id={id} />
      </ActDialog>
    )
  return null
}

function WhatStops({ id }: { readonly id: string }) {
  const impact = useQuery(clientImpactQuery(id))
  return (
    <Loaded query={impact}>
      {(found) => (
        <Notice kind={found.users.count > 0 ? 'alert' : 'plain'} title={actWords.whatStops}>
          <Hits impact={found} />
        </Notice>
      )}
    </Loaded>
  )
}
