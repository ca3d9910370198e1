import { ShownOnce } from '../ui/shown-once.tsx'
import { clientWords as words } from '../words/clients.ts'
import type { Client } from './clients.queries.ts'

interface OnceParts {
  readonly client: Pick<Client, 'client_id' | 'name'>
  readonly secret: string
  readonly onStored: () => void
}

/** The one time that the secret of a client is seen. */
export function SecretShownOnce({ client, secret, onStored }: OnceParts) {
  const { client_id, name } = client
  return (
    <ShownOnce
      title={words.issuedTitle(name)}
      tab={words.issuedTab}
      lead={words.issuedLead}
      fields={[
        { label: words.clientId, value: client_id },
        { label: words.secretLabel, value: secret, hint: words.secretHint },
        { label: words.envLabel, value: `CLIENT_ID=${client_id}\nCLIENT_SECRET=${secret}`, lines: 2 },
      ]}
      lost={words.issuedLost}
      done={words.issuedDone}
      onDone={onStored}
    />
  )
}
