import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { paths } from '../paths.ts'
import { ButtonLink } from '../ui/button.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { keyWords } from '../words/keys.ts'
import { rotateWords as words } from '../words/rotate-key.ts'
import { whyNot } from './key-rules.ts'
import { keyQuery } from './keys.queries.ts'
import { RotateForm } from './rotate-key.form.tsx'
import { RotationView } from './rotation-view.tsx'
import { SecretOnce } from './secret-once.tsx'

/** A rotation: the question, the new secret once, then both secrets side by side until it is finished. */
export default function RotateKeyPage({ id }: { readonly id: string }) {
  const key = useQuery(keyQuery(id))
  const mayNot = useWhyNot()('keys:write')
  const [secret, setSecret] = useState<string | null>(null)
  const [done, setDone] = useState<string | null>(null)
  const name = key.data?.name ?? keyWords.key
  if (secret !== null) return <SecretOnce name={name} secret={secret} onStored={() => setSecret(null)} />
  const isRunning = key.data !== undefined && key.data.rotation !== null
  return (
    <Page
      title={isRunning ? words.runningTitle(name) : words.title(name)}
      lead={isRunning ? words.steps : words.lead}
      above={[
        { to: paths.keys.to({ state: 'live' }), words: keyWords.title },
        { to: paths.key.to(id), words: name },
      ]}
    >
      {done !== null && (
        <Notice kind="good" isAnnounced title={done}>
          <ButtonLink to={paths.key.to(id)}>{words.toKey}</ButtonLink>
        </Notice>
      )}
      <Loaded query={key}>
        {(found) => {
          if (found.rotation !== null) return <RotationView id={id} onDone={setDone} />
          if (done !== null) return null
          const reason = mayNot ?? whyNot('rotate', found)
          if (reason !== null)
            return (
              <Notice kind="warn" title={words.cannot}>
                <p>{reason}</p>
              </Notice>
            )
          return <RotateForm id={id} onIssued={setSecret} />
        }}
      </Loaded>
    </Page>
  )
}
