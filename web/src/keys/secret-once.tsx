import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { apisQuery } from '../scopes/scopes.queries.ts'
import { CopyField } from '../ui/copy.tsx'
import { Select } from '../ui/field.tsx'
import { Notice, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useStay } from '../ui/stay.ts'
import { newKeyWords as words } from '../words/new-key.ts'
import { curlLine, snippetsFor, variableName } from './snippets.ts'

interface SecretParts {
  readonly name: string
  readonly secret: string
  /** Called once: whoever holds the secret drops it. */
  readonly onStored: () => void
}

const ELSEWHERE = 'https://api.example.com/'

/** The one time that a secret is seen: a state of its page, which is left by saying that it is stored. */
export function SecretOnce({ name, secret, onStored }: SecretParts) {
  const { tries, release } = useStay()
  const [stack, setStack] = useState('node')
  const nudge = useRef<HTMLDivElement>(null)
  const top = useRef<HTMLDivElement>(null)
  const apis = useQuery(apisQuery)
  useEffect(() => {
    if (tries > 0) nudge.current?.focus()
  }, [tries])
  useEffect(() => {
    scrollTo(0, 0)
    top.current?.querySelector('h1')?.focus()
  }, [])
  const api = apis.data?.find(({ is_default }) => is_default)
  const url = api === undefined || !/^https?:/.test(api.identifier) ? ELSEWHERE : api.identifier
  const variable = variableName(api?.name ?? '')
  const snippets = snippetsFor(variable, url)
  const snippet = snippets.find(({ id }) => id === stack) ?? snippets[0]
  return (
    <div ref={top}>
      <Page title={words.issuedTitle(name)} tab={words.issuedTab} lead={words.issuedLead}>
        <div ref={nudge} tabIndex={-1} className="nudge">
          {tries > 0 && (
            <Notice kind="alert" isAnnounced key={tries}>
              <p>{words.stay}</p>
            </Notice>
          )}
        </div>
        <div className="card secret-once">
          <CopyField label={words.secret} value={secret} hint={words.secretHint} />
          <CopyField label={words.envLine} value={`${variable}=${secret}`} />
          <CopyField label={words.curlLine} value={curlLine(secret, url)} />
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
          <p className="hint">{words.lost}</p>
        </div>
        <Section
          title={words.code}
          actions={
            <Select
              label={words.stack}
              value={stack}
              options={snippets.map(({ id, language }) => [id, language] as const)}
              onChange={setStack}
            />
          }
        >
          {snippet !== undefined && (
            <CopyField
              label={`${words.code}: ${snippet.language}`}
              value={snippet.code}
              lines={snippet.code.split('\n').length}
            />
          )}
        </Section>
      </Page>
    </div>
  )
}
