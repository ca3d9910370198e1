import { createHash } from 'node:crypto'
import type { Client } from '../../clients/client.ts'
import type { Catalogue } from '../../scopes/catalogue.ts'
import type { Sensitivity } from '../../scopes/scope.ts'
import type { NamedOwner, SignedInUser } from '../../sessions/person.ts'
import type { Consent } from './consent.ts'
import { impliedPairs } from './implied-scopes.ts'
import { allowedBefore, type ConsentFacts, shownOf } from './prior-consent.ts'

/** A scope as the user decides on it. */
export interface ScopeChoice {
  readonly name: string
  /** A sentence for people. */
  readonly description: string
  /** The highest of its own and of those that it implies. */
  readonly sensitivity: Sensitivity
  /** The scopes that it implies. */
  readonly brings: readonly { readonly name: string; readonly description: string }[]
  /** The user can leave it out. */
  readonly optional: boolean
}

/** The question that the consent page asks. */
export interface ConsentQuestion {
  readonly client: Client
  readonly redirectUri: string
  readonly user: SignedInUser
  /** Owners that the user can choose; empty where all of the user's owners block the client. */
  readonly owners: readonly NamedOwner[]
  /** The user's other owners, whose administrators have blocked the client. */
  readonly blockedOwners: readonly NamedOwner[]
  readonly choices: readonly ScopeChoice[]
  /** Allowed before, and not asked again. */
  readonly allowed: readonly { readonly name: string; readonly description: string }[]
  /** The APIs that the app named; empty: none. */
  readonly resources: readonly string[]
  /** The client gets refresh tokens, so it keeps its access while the user is away. */
  readonly offline: boolean
  /** Lifetime of the grant; null: until it is revoked. */
  readonly grantSeconds: number | null
}

export function questionOf(facts: ConsentFacts, grantSeconds: number | null, now: Date): ConsentQuestion {
  const { client, request, user, catalogue, blockingOwnerIds } = facts
  const before = allowedBefore(facts, now)
  const choices = request.scopes.filter((scope) => !before.includes(scope))
  return {
    client,
    redirectUri: request.redirectUri,
    user,
    owners: user.owners.filter(({ id }) => !blockingOwnerIds.has(id)),
    blockedOwners: user.owners.filter(({ id }) => blockingOwnerIds.has(id)),
    choices: choicesOf(choices, client, catalogue),
    allowed: before.map((name) => ({ name, description: catalogue.get(name)?.description ?? name })),
    resources: request.resources,
    offline: client.grantTypes.includes('refresh_token'),
    grantSeconds,
  }
}

/**
 * Digest of what the page asks. It is in the form, and the form's CSRF token covers it, so the user allows what was
 * shown. Before the form is sent any of it may change: the app was allowed in another tab, a scope became required, or
 * its description changed.
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
      brings.map((each) => [each.name, each.description]),
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

/** Retired a moment ago. */
const UNKNOWN = { description: null, sensitivity: 'basic', brings: [] } as const

/** The user's choices in a form. */
export interface Choices {
  readonly ownerId: string | null
  /** Names of the scopes whose boxes were ticked. */
  readonly scopes: ReadonlySet<string>
}

/** @returns null where the chosen owner is not the user's */
export function chosenOwner(owners: readonly NamedOwner[], chosen: string | null): NamedOwner | null {
  const [only] = owners
  if (owners.length === 1 && only !== undefined && chosen === null) return only
  return owners.find(({ id }) => id === chosen) ?? null
}

/** @param ticked names of the scopes whose boxes were ticked */
export function consentTo(
  { client, redirectUri, choices, allowed, user }: ConsentQuestion,
  owner: NamedOwner,
  ticked: ReadonlySet<string>,
): Consent {
  const isTicked = (choice: ScopeChoice) => !choice.optional || ticked.has(choice.name)
  const chosen = choices.filter(isTicked)
  return {
    userId: user.userId,
    ownerId: owner.id,
    asked: 'now',
    scopes: [...chosen, ...allowed].map(({ name }) => name),
    implied: chosen.flatMap(({ name, brings }) =>
      impliedPairs([name], () => brings.map((each) => each.name)),
    ),
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
