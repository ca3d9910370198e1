import { useEffect, useRef } from 'react'
import { CopyField } from '../ui/copy.tsx'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useStay } from '../ui/stay.ts'
import { settingsWords as words } from '../words/settings.ts'

interface SecretParts {
  readonly name: string
  readonly secret: string
  readonly onStored: () => void
}

/** The one time that the secret of an admin key is seen; left by saying that it is stored. */
export function AdminSecret({ name, secret, onStored }: SecretParts) {
  const { tries, release } = useStay()
  const top = useRef<HTMLDivElement>(null)
  useEffect(() => {
    scrollTo(0, 0)
    top.current?.querySelector('h1')?.focus()
  }, [])
  return (
    <div ref={top}>
      <Page title={words.issuedTitle(name)} tab={words.issuedTab} lead={words.issuedLead}>
        {tries > 0 && (
          <Notice kind="alert" isAnnounced key={tries}>
            <p>{words.stay}</p>
          </Notice>
        )}
        <div className="card secret-once">
          <CopyField label={words.secret} value={secret} hint={words.secretHint} />
          <CopyField label={words.envLine} value={`DOORWARD_ADMIN_KEY=${secret}`} />
          <div className="form-end">
            <button
              type="button"
              className="button"
              onClick={() => {
                release()
                onStored()
              }}
            >
              {words.stored}
            </button>
          </div>
        </div>
      </Page>
    </div>
  )
}
