import { createHash } from 'node:crypto'
import type { Client } from '../../clients/client.ts'
import type { Db } from '../../db/schema.ts'
import { readCatalogue } from '../../scopes/catalogue.store.ts'
import type { Catalogue } from '../../scopes/catalogue.ts'
import type { Sensitivity } from '../../scopes/scope.ts'
import type { NamedOwner, SignedInUser } from '../../sessions/person.ts'
import { ownersThatBlock } from '../blocked-clients/blocked-client.store.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { Yes } from './consent.ts'
import { impliedBy } from './implied-scopes.ts'
import { allowedBefore, shownOf } from './prior-consent.ts'

/** A scope as the user decides on it. */
export interface ScopeChoice {
  readonly name: string
  /** A sentence for people. */
  readonly description: string
  /** Of all that it opens. */
  readonly sensitivity: Sensitivity
  /** The scopes that it brings along. */
  readonly brings: readonly { readonly name: string; readonly description: string }[]
  /** Whether it can be left out. */
  readonly optional: boolean
}

/** What a user is asked about an app. */
export interface ConsentQuestion {
  readonly client: Client
  readonly redirectUri: string
  readonly who: SignedInUser
  /** For whom the user may say yes; none where the client is blocked for all of theirs. */
  readonly owners: readonly NamedOwner[]
  /** Other owners of the user's, whose administrators have blocked the client. */
  readonly blockedOwners: readonly NamedOwner[]
  /** What is to be decided. */
  readonly choices: readonly ScopeChoice[]
  /** What the user allowed before, and is not asked again. */
  readonly allowed: readonly { readonly name: string; readonly description: string }[]
  /** The APIs that the app named; empty: none. */
  readonly resources: readonly string[]
  /** Whether the app can come back by itself while the user is away. */
  readonly offline: boolean
  /** How long a grant stands; null: until somebody ends it. */
  readonly grantSeconds: number | null
}

export async function questionOf(
  { db, grantSeconds }: { readonly db: Db; readonly grantSeconds: number | null },
  request: AuthorizationRequest,
  client: Client,
  who: SignedInUser,
  now: Date,
): Promise<ConsentQuestion> {
  const { scopes: catalogue } = await readCatalogue(db)
  const before = await allowedBefore(db, client, request, who, now, catalogue)
  const ownerIds = who.owners.map(({ id }) => id)
  const blocking = await ownersThatBlock(db, client.id, ownerIds)
  return {
    client,
    redirectUri: request.redirectUri,
    who,
    owners: who.owners.filter(({ id }) => !blocking.has(id)),
    blockedOwners: who.owners.filter(({ id }) => blocking.has(id)),
    choices: choicesOf(
      request.scopes.filter((scope) => !before.includes(scope)),
      client,
      catalogue,
    ),
    allowed: before.map((name) => ({ name, description: catalogue.get(name)?.description ?? name })),
    resources: request.resources,
    offline: client.grantTypes.includes('refresh_token'),
    grantSeconds,
  }
}

/**
 * What was on a page, in short. It stands in the form, and the form's token holds it: so a yes is a yes to what was
 * shown. Anything of it may be another when the form is sent: the same app was allowed in another tab, a scope became
 * required, or says something else now.
 */
export function digestOf(question: ConsentQuestion): string {
  const { client, redirectUri, owners, choices, allowed, resources, offline, grantSeconds } = question
  const shown = [
    [client.name, client.source, client.firstParty, redirectUri, offline, grantSeconds],
    owners.map(({ id, name }) => [id, name]),
    choices.map(({ name, description, sensitivity, brings, optional }) => [
      name,
      description,
      sensitivity,
      brings.map((brought) => [brought.name, brought.description]),
      optional,
    ]),
    allowed.map(({ name, description }) => [name, description]),
    resources,
  ]
  return createHash('sha256').update(JSON.stringify(shown)).digest('base64url')
}

function choicesOf(
  scopes: readonly string[],
  client: Client,
  catalogue: Catalogue['scopes'],
): readonly ScopeChoice[] {
  return scopes.map((name) => {
    const { description, sensitivity, brings } = catalogue.get(name) ?? UNKNOWN
    return {
      name,
      description: description ?? name,
      sensitivity,
      brings: brings.map((each) => ({ name: each, description: catalogue.get(each)?.description ?? each })),
      optional: !client.requiredScopes.includes(name),
    }
  })
}

/** Taken away a moment ago. */
const UNKNOWN = { description: null, sensitivity: 'basic', brings: [] } as const

/** What was chosen in a form. */
export interface Choices {
  readonly ownerId: string | null
  /** Names of the scopes whose boxes were ticked. */
  readonly scopes: ReadonlySet<string>
}

/** Null where it is none of the user's. */
export function chosenOwner(owners: readonly NamedOwner[], chosen: string | null): NamedOwner | null {
  const [only] = owners
  if (owners.length === 1 && only !== undefined && chosen === null) return only
  return owners.find(({ id }) => id === chosen) ?? null
}

/** The user's answer. @param ticked names of the scopes whose boxes were ticked */
export function yesTo(
  { client, redirectUri, choices, allowed, who }: ConsentQuestion,
  owner: NamedOwner,
  ticked: ReadonlySet<string>,
): Yes {
  const isTicked = (choice: ScopeChoice) => !choice.optional || ticked.has(choice.name)
  const chosen = choices.filter(isTicked)
  return {
    userId: who.userId,
    ownerId: owner.id,
    asked: 'now',
    scopes: [...chosen, ...allowed].map(({ name }) => name),
    brought: chosen.flatMap(({ name, brings }) => impliedBy([name], () => brings.map((each) => each.name))),
    shown: shownOf(
      client,
      { redirectUri },
      owner,
      choices.map((choice) => ({
        name: choice.name,
        description: choice.description,
        sensitivity: choice.sensitivity,
        ticked: isTicked(choice),
        ...(choice.brings.length === 0 ? {} : { brings: choice.brings.map((each) => each.description) }),
      })),
    ),
  }
}
