import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { apisQuery } from '../scopes/scopes.queries.ts'
import { CopyField } from '../ui/copy.tsx'
import { Select } from '../ui/field.tsx'
import { Section } from '../ui/notice.tsx'
import { ShownOnce } from '../ui/shown-once.tsx'
import { newKeyWords as words } from '../words/new-key.ts'
import { curlLine, snippetsFor, variableName } from './snippets.ts'

interface SecretParts {
  readonly name: string
  readonly secret: string
  /** Called once: whoever holds the secret drops it. */
  readonly onStored: () => void
}

const ELSEWHERE = 'https://api.example.com/'

/** The one time that the secret of a key is seen, with code that uses it. */
export function SecretOnce({ name, secret, onStored }: SecretParts) {
  const [stack, setStack] = useState('node')
  const apis = useQuery(apisQuery)
  const api = apis.data?.find(({ is_default }) => is_default)
  const url = api === undefined || !/^https?:/.test(api.identifier) ? ELSEWHERE : api.identifier
  const variable = variableName(api?.name ?? '')
  const snippets = snippetsFor(variable, url)
  const snippet = snippets.find(({ id }) => id === stack) ?? snippets[0]
  return (
    <ShownOnce
      title={words.issuedTitle(name)}
      tab={words.issuedTab}
      lead={words.issuedLead}
      fields={[
        { label: words.secret, value: secret, hint: words.secretHint },
        { label: words.envLine, value: `${variable}=${secret}` },
        { label: words.curlLine, value: curlLine(secret, url) },
      ]}
      lost={words.lost}
      done={words.stored}
      onDone={onStored}
    >
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
    </ShownOnce>
  )
}
