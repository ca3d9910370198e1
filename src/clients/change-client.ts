import { canonicalJson } from '../audit/audit-event.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { whyNotFresh } from '../management/why-not-permitted.ts'
import { basicScopes } from '../scopes/scope.store.ts'
import { revokeSecrets } from '../secrets/secret.store.ts'
import { splitCeiling, whyInvalidClient } from './check-client.ts'
import { lockClient, updateClient, updateMetadata } from './client.store.ts'
import { type Client, type ClientMetadata, type ClientWithSecrets, ceilingOf, usesSecret } from './client.ts'
import { clientProblem } from './client-problem.ts'
import { type ClientRefusal, whyNotChangeClient } from './client-rules.ts'
import type { PrivateSchemes } from './redirect-uri.ts'

/** The fields to change; the rest stays. */
export type ClientUpdate = {
  readonly [Field in keyof ClientMetadata]?: ClientMetadata[Field] | undefined
} & {
  /**
   * The whole ceiling. What was required in it stays required, unless `requiredScopes` says otherwise. Null, for a
   * client without pre-registration: the ceiling that such a client has by default, from the catalogue.
   */
  readonly scopes?: readonly string[] | null | undefined
}

/** Changes the metadata of an unrevoked client; one that is so already gets no audit event. Its owner, type and environment never change. */
export async function changeClient(
  tx: Tx,
  caller: Caller,
  id: string,
  update: ClientUpdate,
  privateSchemes?: PrivateSchemes,
): Promise<Result<string, Problem>> {
  const locked = await lockAllowed(tx, caller, id, whyNotChangeClient)
  if (!locked.ok) return locked
  const client = locked.value
  const ceiling = await ceilingAfter(tx, client, update)
  if (!ceiling.ok) return ceiling
  const { scopes: _scopes, requiredScopes: _requiredScopes, ...rest } = update
  const said = { ...client, ...withoutUndefined(rest), ...ceiling.value }
  const fault =
    whyNotOverDocument(client, said) ??
    (changesWhoAnswers(client, said) ? whyNotFresh(caller) : null) ??
    (await whyInvalidClient(tx, caller, said, client, privateSchemes))
  if (fault !== null) return no(fault)

  const changes = changesBetween(client, said)
  const takesCeiling = setsCeiling(client, update) && client.ceilingSetByOperator !== (update.scopes !== null)
  if (Object.keys(changes).length === 0 && !takesCeiling) return yes(id)
  await updateMetadata(tx, client, said)
  if (setsCeiling(client, update))
    await updateClient(tx, client, { ceiling_set_by_operator: update.scopes !== null })
  // A client has one method: secrets that are not used now must not become valid with the next change.
  if (!usesSecret(said.tokenEndpointAuthMethod)) await revokeSecrets(tx, id, caller.now)
  await record(tx, caller, {
    action: 'client.changed',
    target: client,
    detail: changes,
    altersVerdictsOf: alteredBy(id, changes),
  })
  return yes(id)
}

/** Locks a client that is within reach, where the rule allows the action. */
export async function lockAllowed(
  tx: Tx,
  caller: Caller,
  id: string,
  whyNot: (client: ClientWithSecrets, now: Date) => ClientRefusal | null,
): Promise<Result<ClientWithSecrets, Problem>> {
  const client = await lockClient(tx, caller.reach, id)
  if (client === undefined) return no(NOT_FOUND)
  const why = whyNot(client, caller.now)
  return why === null ? yes(client) : no(clientProblem(why))
}

function withoutUndefined(update: ClientUpdate): Partial<ClientMetadata> {
  return Object.fromEntries(Object.entries(update).filter(([, value]) => value !== undefined))
}

/** The new ceiling: the current one where the update does not mention it. */
async function ceilingAfter(
  tx: Tx,
  client: Client,
  { scopes = ceilingOf(client), requiredScopes }: ClientUpdate,
): Promise<ReturnType<typeof splitCeiling>> {
  if (scopes !== null)
    return splitCeiling(
      scopes,
      requiredScopes ?? client.requiredScopes.filter((each) => scopes.includes(each)),
    )
  if (client.source === 'registered' || requiredScopes !== undefined) return no(WITHOUT_LIST)
  return splitCeiling(await basicScopes(tx), [])
}

const WITHOUT_LIST = problem(
  'invalid_client_metadata',
  '/scopes can be null only for a client without pre-registration, and only without /required_scopes.',
)

/**
 * True where an operator sets the ceiling of a client without pre-registration. Only an unbound admin key reaches
 * one.
 */
function setsCeiling({ source }: Client, { scopes, requiredScopes }: ClientUpdate): boolean {
  return source !== 'registered' && (scopes !== undefined || requiredScopes !== undefined)
}

/** Refuses changes that the next fetch of the client's own document would undo. */
function whyNotOverDocument(client: Client, said: ClientMetadata): Problem | null {
  if (client.source !== 'metadata_document') return null
  const changed = Object.keys(changesBetween(client, said)).find((name) => !OVER_DOCUMENT.has(name))
  if (changed === undefined) return null
  const detail = `${changed} follows from the app's own document at ${client.id}, which is read again and would undo the change.`
  return problem('invalid_client_metadata', `${detail} To stop the app, suspend the client.`)
}

const OVER_DOCUMENT: ReadonlySet<string> = new Set([
  'testers',
  'refresh_grace_seconds',
  'required_scopes',
  'optional_scopes',
])

/** True where another party could get the client's codes and tokens afterwards. */
function changesWhoAnswers(before: ClientMetadata, after: ClientMetadata): boolean {
  return Object.keys(changesBetween(before, after)).some((name) => ANSWERS.has(name))
}

const ANSWERS: ReadonlySet<string> = new Set([
  'redirect_uris',
  'token_endpoint_auth_method',
  'jwks',
  'jwks_uri',
])

/** The changed fields for the audit log, each with its old and new value. */
function changesBetween(before: ClientMetadata, after: ClientMetadata): Changes {
  return Object.fromEntries(
    AUDITED.filter(([, field]) => canonicalJson(before[field]) !== canonicalJson(after[field])).map(
      ([name, field]) => [name, { from: before[field], to: after[field] }],
    ),
  )
}

/** Verifiers know what a client's tokens may do. Servers know the rest too, of the client alone. */
function alteredBy(id: string, changes: Changes) {
  const names = Object.keys(changes)
  if (names.length === 0) return 'nothing'
  return names.some((name) => name.endsWith('_scopes')) ? { clientId: id } : { holderId: id }
}

type Changes = {
  readonly [Name in (typeof AUDITED)[number][0]]?: { readonly from: unknown; readonly to: unknown }
}

const AUDITED = [
  ['name', 'name'],
  ['description', 'description'],
  ['client_uri', 'clientUri'],
  ['logo_uri', 'logoUri'],
  ['policy_uri', 'policyUri'],
  ['tos_uri', 'tosUri'],
  ['redirect_uris', 'redirectUris'],
  ['grant_types', 'grantTypes'],
  ['token_endpoint_auth_method', 'tokenEndpointAuthMethod'],
  ['either_secret_method', 'eitherSecretMethod'],
  ['jwks', 'jwks'],
  ['jwks_uri', 'jwksUri'],
  ['required_scopes', 'requiredScopes'],
  ['optional_scopes', 'optionalScopes'],
  ['client_credentials_scopes', 'clientCredentialsScopes'],
  ['first_party', 'firstParty'],
  ['testers', 'testers'],
  ['refresh_grace_seconds', 'refreshGraceSeconds'],
] as const
