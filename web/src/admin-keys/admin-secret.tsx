import { ShownOnce } from '../ui/shown-once.tsx'
import { settingsWords as words } from '../words/settings.ts'

interface SecretParts {
  readonly name: string
  readonly secret: string
  readonly onStored: () => void
}

/** The one time that the secret of an admin key is seen. */
export function AdminSecret({ name, secret, onStored }: SecretParts) {
  return (
    <ShownOnce
      title={words.issuedTitle(name)}
      tab={words.issuedTab}
      lead={words.issuedLead}
      fields={[
        { label: words.secret, value: secret, hint: words.secretHint },
        { label: words.envLine, value: `DOORWARD_ADMIN_KEY=${secret}` },
      ]}
      lost={words.lost}
      done={words.stored}
      onDone={onStored}
    />
  )
}
