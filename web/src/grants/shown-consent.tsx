import { Facts, Section } from '../ui/notice.tsx'
import { grantWords as words } from '../words/grants.ts'

/** The consent page as it was stored with its answer. The API gives it as it is, so it is read with care. */
interface Shown {
  readonly client_name?: string
  readonly redirect_host?: string
  readonly owner_name?: string
  readonly scopes?: readonly {
    readonly name: string
    readonly description: string
    readonly ticked: boolean
    readonly brings?: readonly string[]
  }[]
}

/** The consent as the user saw and ticked it. */
export function ShownConsent({ shown }: { readonly shown: unknown }) {
  if (typeof shown !== 'object' || shown === null) return null
  const { client_name, redirect_host, owner_name, scopes = [] } = shown as Shown
  return (
    <Section title={words.shown}>
      <div className="card">
        <Facts
          facts={[
            [words.shownApp, client_name ?? ''],
            [words.shownHost, redirect_host ?? ''],
            [words.shownOwner, owner_name ?? ''],
          ]}
        />
        <ul className="consent">
          {scopes.map(({ name, description, ticked, brings = [] }) => (
            <li key={name}>
              <span aria-hidden="true">{ticked ? '☑' : '☐'}</span>{' '}
              <span className="unseen">{ticked ? words.ticked : words.notTicked}: </span>
              {description} <code className="soft">{name}</code>
              {brings.length > 0 && <span className="soft"> ({brings.join('; ')})</span>}
            </li>
          ))}
        </ul>
      </div>
    </Section>
  )
}
