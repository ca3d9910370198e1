import { type Selectable, sql } from 'kysely'
import { PREPARED } from '../db/prepared.ts'
import type { Db, Schema, Tx } from '../db/schema.ts'
import { environmentsOf, ownerOf, type Reach } from '../management/caller.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import type { Client, ClientMetadata, ClientWithSecrets, FoundClient } from './client.ts'

type Row = Selectable<Schema['clients']> & { owner_suspended_at: Date | null; redirect_uris: string[] | null }

type NewRow = ClientMetadata &
  Pick<
    Client,
    'id' | 'ownerId' | 'type' | 'environment' | 'source' | 'createdBy' | 'createdAt' | 'publishedAt'
  >

export async function insertClient(tx: Tx, client: NewRow): Promise<void> {
  if (!(await insertClientOnce(tx, client))) throw new Error(`client ${client.id} exists already`)
}

/** For ids that are not generated here. @returns false where it exists already */
export async function insertClientOnce(tx: Tx, client: NewRow): Promise<boolean> {
  const done = await tx
    .insertInto('clients')
    .values({
      ...toColumns(client),
      id: client.id,
      owner_id: client.ownerId,
      type: client.type,
      environment: client.environment,
      source: client.source,
      created_by: client.createdBy,
      created_at: client.createdAt,
      published_at: client.publishedAt,
      suspended_by_provider: false,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst()
  if (done.numInsertedOrUpdatedRows !== 1n) return false
  await insertRedirectUris(tx, client)
  return true
}

/**
 * Updates the metadata of an unrevoked client. The type follows its authentication method: that of a registered one
 * never changes, but a client's own document may come to name keys.
 */
export async function updateMetadata(
  tx: Tx,
  client: Pick<Client, 'id' | 'ownerId'>,
  metadata: ClientMetadata,
): Promise<void> {
  const type = metadata.tokenEndpointAuthMethod === 'none' ? 'public' : 'confidential'
  await updateClient(tx, client, { ...toColumns(metadata), type })
  await tx.deleteFrom('redirect_uris').where('client_id', '=', client.id).execute()
  await insertRedirectUris(tx, { ...metadata, id: client.id })
}

export interface ClientChange {
  readonly published_at?: Date
  readonly suspended_at?: Date | null
  readonly suspended_reason?: string | null
  readonly suspended_by_provider?: boolean
  readonly revoked_at?: Date
  readonly revoked_reason?: string
  readonly ceiling_set_by_operator?: boolean
}

export async function updateClient(
  tx: Tx,
  { id, ownerId }: Pick<Client, 'id' | 'ownerId'>,
  change: ClientChange | (ReturnType<typeof toColumns> & Pick<Client, 'type'>),
): Promise<void> {
  const done = await tx
    .updateTable('clients')
    .set(change)
    .where('id', '=', id)
    .where('owner_id', 'is not distinct from', ownerId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  if (done.numUpdatedRows !== 1n) throw new Error(`${id} was locked and is gone`)
}

export async function findClient(db: Db, reach: Reach, id: string): Promise<ClientWithSecrets | undefined> {
  const row = await withinReach(db, reach).where('clients.id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : { ...fromRow(row), secrets: await secretsOf(db, [id]) }
}

/** Locks the client until the transaction ends, and reads it with its secrets. */
export async function lockClient(tx: Tx, reach: Reach, id: string): Promise<ClientWithSecrets | undefined> {
  const locked = await tx
    .selectFrom('clients')
    .select('id')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  return locked === undefined ? undefined : await findClient(tx, reach, id)
}

/**
 * Share-locks the client: it cannot be suspended or changed until the transaction ends. Other transactions may hold
 * it so too.
 */
export async function holdClient(tx: Tx, id: string): Promise<Client | undefined> {
  await tx.selectFrom('clients').select('id').where('id', '=', id).forShare().executeTakeFirst()
  return await knownClient(tx, id)
}

/** The client in any state, of any owner. */
export async function knownClient(db: Db, id: string): Promise<Client | undefined> {
  if (!/^[\x21-\x7e]{1,2000}$/.test(id)) return undefined
  const row = await withinReach(db, 'every_owner').where('clients.id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

/** Unrevoked clients count towards the limit of an owner. */
export async function countUnrevokedClients(db: Db, ownerId: string): Promise<number> {
  const { n } = await db
    .selectFrom('clients')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('owner_id', '=', ownerId)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(n)
}

/** The client and its secret with this hash, in one statement whether either exists. */
export async function clientWithSecret(
  db: Db,
  clientId: string,
  secretHash: string | null,
): Promise<FoundClient | null> {
  // An impossible id is still looked up, as one that does not exist: a string that the database refuses would be a 500.
  const id = /^[\x21-\x7e]{1,2000}$/.test(clientId) ? clientId : '-'
  const hash = secretHash === null ? null : Buffer.from(secretHash, 'hex')
  const row = await withinReach(db, 'every_owner')
    .modifyFront(PREPARED)
    .leftJoin('secrets as secret', (join) =>
      join.onRef('secret.holder_id', '=', 'clients.id').on('secret.hash', '=', sql<Buffer>`${hash}::bytea`),
    )
    .select([
      'secret.id as secret_id',
      'secret.expires_at as secret_expires_at',
      'secret.retires_at as secret_retires_at',
      'secret.retired_at as secret_retired_at',
      'secret.revoked_at as secret_revoked_at',
      'secret.last_used_at as secret_last_used_at',
    ])
    .where('clients.id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return null
  const secret =
    row.secret_id === null
      ? null
      : {
          id: row.secret_id,
          expiresAt: row.secret_expires_at,
          retiresAt: row.secret_retires_at,
          retiredAt: row.secret_retired_at,
          revokedAt: row.secret_revoked_at,
          lastUsedAt: row.secret_last_used_at,
        }
  return { client: fromRow(row), secret }
}

async function insertRedirectUris(tx: Tx, { id, redirectUris }: Pick<Client, 'id' | 'redirectUris'>) {
  if (redirectUris.length === 0) return
  const rows = redirectUris.map((uri, place) => ({ client_id: id, place, uri }))
  await tx.insertInto('redirect_uris').values(rows).execute()
}

export function withinReach(db: Db, reach: Reach) {
  const query = db
    .selectFrom('clients')
    .leftJoin('owners', 'owners.id', 'clients.owner_id')
    .selectAll('clients')
    .select([
      'owners.suspended_at as owner_suspended_at',
      sql<string[] | null>`(
        select array_agg(uri order by place) from redirect_uris where client_id = clients.id
      )`.as('redirect_uris'),
    ])
  const ownerId = ownerOf(reach)
  const environments = environmentsOf(reach)
  const ofOwner = ownerId === null ? query : query.where('clients.owner_id', '=', ownerId)
  return environments === null
    ? ofOwner
    : ofOwner.where(sql<boolean>`clients.environment = any(${[...environments]}::text[])`)
}

function toColumns(metadata: ClientMetadata) {
  return {
    name: metadata.name,
    description: metadata.description,
    client_uri: metadata.clientUri,
    logo_uri: metadata.logoUri,
    policy_uri: metadata.policyUri,
    tos_uri: metadata.tosUri,
    grant_types: [...metadata.grantTypes],
    token_endpoint_auth_method: metadata.tokenEndpointAuthMethod,
    either_secret_method: metadata.eitherSecretMethod,
    jwks: metadata.jwks === null ? null : JSON.stringify(metadata.jwks),
    jwks_uri: metadata.jwksUri,
    required_scopes: [...metadata.requiredScopes],
    optional_scopes: [...metadata.optionalScopes],
    client_credentials_scopes: [...metadata.clientCredentialsScopes],
    first_party: metadata.firstParty,
    testers: [...metadata.testers],
    refresh_grace_seconds: metadata.refreshGraceSeconds,
  }
}

export function fromRow(row: Row): Client {
  return {
    id: row.id,
    ownerId: row.owner_id,
    type: row.type,
    environment: row.environment,
    source: row.source,
    ceilingSetByOperator: row.ceiling_set_by_operator,
    name: row.name,
    description: row.description,
    clientUri: row.client_uri,
    logoUri: row.logo_uri,
    policyUri: row.policy_uri,
    tosUri: row.tos_uri,
    redirectUris: row.redirect_uris ?? [],
    grantTypes: row.grant_types,
    tokenEndpointAuthMethod: row.token_endpoint_auth_method,
    eitherSecretMethod: row.either_secret_method,
    jwks: row.jwks,
    jwksUri: row.jwks_uri,
    requiredScopes: row.required_scopes,
    optionalScopes: row.optional_scopes,
    clientCredentialsScopes: row.client_credentials_scopes,
    firstParty: row.first_party,
    testers: row.testers,
    refreshGraceSeconds: row.refresh_grace_seconds,
    createdBy: row.created_by,
    createdAt: row.created_at,
    publishedAt: row.published_at,
    suspendedAt: row.suspended_at,
    suspendedReason: row.suspended_reason,
    suspendedByProvider: row.suspended_by_provider,
    revokedAt: row.revoked_at,
    revokedReason: row.revoked_reason,
    ownerSuspendedAt: row.owner_suspended_at,
  }
}
