import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { paths } from '../paths.ts'
import { Badge, Facts, Section } from '../ui/notice.tsx'
import { FullTime } from '../ui/time.tsx'
import { appWords } from '../words/app.ts'
import { clientWords as words } from '../words/clients.ts'
import { durationWords } from '../words/time-words.ts'
import type { Client } from './clients.queries.ts'

/** Metadata of a client: where answers go, what it may ask for, who tests it. */
export function ClientFacts({ client }: { readonly client: Client }) {
  const { redirect_uris, scopes, required_scopes, client_credentials_scopes, testers, source } = client
  return (
    <>
      <Section title={words.redirects} lead={words.redirectsLead}>
        <List items={redirect_uris} ifNone={words.noRedirects} />
      </Section>
      <Section
        title={words.ceiling}
        lead={
          source !== 'registered' && !client.ceiling_set_by_operator
            ? words.ceilingDefault
            : words.ceilingLead
        }
      >
        {scopes.length === 0 ? (
          <p className="soft">{words.noScopes}</p>
        ) : (
          <ul>
            {scopes.map((scope) => (
              <li key={scope}>
                <code>{scope}</code> {required_scopes.includes(scope) && <Badge>{words.required}</Badge>}
              </li>
            ))}
          </ul>
        )}
        {client_credentials_scopes.length > 0 && (
          <>
            <h3>{words.withoutUser}</h3>
            <List items={client_credentials_scopes} ifNone={appWords.none} />
          </>
        )}
      </Section>
      {client.state === 'draft' && (
        <Section title={words.testers} lead={words.testersLead}>
          <List items={testers} ifNone={words.noTesters} />
        </Section>
      )}
      <Section title={words.about}>
        <div className="card">
          <Facts facts={factsOf(client)} />
        </div>
      </Section>
    </>
  )
}

function List({ items, ifNone }: { readonly items: readonly string[]; readonly ifNone: string }) {
  if (items.length === 0) return <p className="soft">{ifNone}</p>
  return (
    <ul>
      {items.map((item) => (
        <li key={item}>
          <code>{item}</code>
        </li>
      ))}
    </ul>
  )
}

function factsOf(client: Client): readonly (readonly [string, ReactNode] | false)[] {
  const { owner_id, type, environment, source, token_endpoint_auth_method: method, grant_types } = client
  const pages = [
    [words.homepage, client.client_uri],
    [words.logo, client.logo_uri],
    [words.policy, client.policy_uri],
    [words.terms, client.tos_uri],
  ] as const
  return [
    [
      words.owner,
      owner_id === null ? (
        words.provider
      ) : (
        <Link key="owner" to={paths.owner.to(owner_id)}>
          {owner_id}
        </Link>
      ),
    ],
    [words.type, words.types[type]],
    [words.environment, environment],
    [words.source, words.sources[source]],
    [words.method, words.methods[method]],
    [words.grantTypes, grant_types.join(', ')],
    [words.created, <FullTime key="created" at={client.created_at} />],
    [words.grace, durationWords(client.refresh_grace_seconds)],
    [words.firstParty, client.first_party ? appWords.yes : appWords.no],
    client.description !== null && [words.description, client.description],
    // Never links: the address is the app's own, and it may be anything.
    ...pages.map(([name, uri]) => uri !== null && ([name, <code key={name}>{uri}</code>] as const)),
  ]
}
