import { sql } from 'kysely'
import { clientWithSecretQuery, foundClient } from '../clients/client.store.ts'
import type { FoundClient } from '../clients/client.ts'
import type { Db } from '../db/schema.ts'
import type { FoundCode, FoundRefreshToken } from './found-token.ts'

/** The client, and the code that it presents: one statement, whatever is found. */
export async function clientAndCode(
  db: Db,
  clientId: string,
  secretHash: string | null,
  codeHash: string,
): Promise<{ client: FoundClient | null; code: FoundCode | null }> {
  const found = await clientAnd<CodeJson>(
    db,
    clientId,
    secretHash,
    sql`
      select json_build_object(
        'client', code.client_id, 'redirectUri', code.redirect_uri, 'challenge', code.code_challenge,
        'scopes', code.scopes, 'resources', code.resources, 'apiOf', ${apiOf(sql`code.scopes`)},
        'expires', ${ms('code.expires_at')}, 'spent', ${ms('code.spent_at')}, 'family', code.family_id,
        ${STANDING}
      )
      from authorization_codes as code
      join grants on grants.id = code.grant_id
      join owners on owners.id = grants.owner_id
      where code.hash = ${Buffer.from(codeHash, 'hex')}`,
  )
  const { client, asked } = found
  if (asked === null) return { client, code: null }
  const code = {
    clientId: asked.client,
    redirectUri: asked.redirectUri,
    codeChallenge: asked.challenge,
    scopes: asked.scopes,
    resources: asked.resources,
    apiOf: asked.apiOf ?? {},
    expiresAt: new Date(asked.expires),
    spentAt: dateOf(asked.spent),
    familyId: asked.family,
    ...standingOf(asked),
  }
  return { client, code }
}

/** The client, and the refresh token that it presents. */
export async function clientAndRefreshToken(
  db: Db,
  clientId: string,
  secretHash: string | null,
  tokenHash: string,
): Promise<{ client: FoundClient | null; token: FoundRefreshToken | null }> {
  const { client, asked } = await clientAnd<RefreshJson>(
    db,
    clientId,
    secretHash,
    sql`
      select json_build_object(
        'client', families.client_id, 'family', families.id,
        'familyRevoked', ${ms('families.revoked_at')}, 'familyExpires', ${ms('families.expires_at')},
        'scopes', array(select name from unnest(families.scopes) as name where name = any(grants.scopes)),
        'resources', families.resources, 'apiOf', ${apiOf(sql`families.scopes`)},
        'expires', ${ms('token.expires_at')}, 'spent', ${ms('token.spent_at')},
        'successor', encode(token.successor_hash, 'hex'),
        'successorSpent', exists (
          select from refresh_tokens as next where next.hash = token.successor_hash and next.spent_at is not null
        ),
        ${STANDING}
      )
      from refresh_tokens as token
      join token_families as families on families.id = token.family_id
      join grants on grants.id = families.grant_id
      join owners on owners.id = grants.owner_id
      where token.hash = ${Buffer.from(tokenHash, 'hex')}`,
  )
  if (asked === null) return { client, token: null }
  const token = {
    clientId: asked.client,
    familyId: asked.family,
    familyRevokedAt: dateOf(asked.familyRevoked),
    familyExpiresAt: new Date(asked.familyExpires),
    scopes: asked.scopes,
    resources: asked.resources,
    apiOf: asked.apiOf ?? {},
    expiresAt: new Date(asked.expires),
    spentAt: dateOf(asked.spent),
    successorHash: asked.successor,
    successorSpent: asked.successorSpent,
    ...standingOf(asked),
  }
  return { client, token }
}

/** The client, and the APIs of the scopes that it may have for itself. */
export async function clientAndOwnScopes(
  db: Db,
  clientId: string,
  secretHash: string | null,
): Promise<{ client: FoundClient | null; apiOf: Readonly<Record<string, string>> }> {
  const listed = apiOf(sql`clients.client_credentials_scopes`)
  const { client, asked } = await clientAnd<Record<string, string>>(
    db,
    clientId,
    secretHash,
    sql`select ${listed}`,
  )
  return { client, apiOf: asked ?? {} }
}

/** One more question in the statement that finds the client; its answer is one JSON value. */
async function clientAnd<Asked>(
  db: Db,
  clientId: string,
  secretHash: string | null,
  question: ReturnType<typeof sql>,
): Promise<{ client: FoundClient | null; asked: Asked | null }> {
  const row = await clientWithSecretQuery(db, clientId, secretHash)
    .select(sql<unknown>`(${question})`.as('asked'))
    .executeTakeFirst()
  if (row === undefined) return { client: null, asked: null }
  return { client: foundClient(row), asked: row.asked as Asked | null }
}

interface StandingJson {
  readonly grant: string
  readonly grantRevoked: number | null
  readonly grantExpires: number | null
  readonly ownerSuspended: number | null
}

interface CodeJson extends StandingJson {
  readonly client: string
  readonly redirectUri: string
  readonly challenge: string
  readonly scopes: string[]
  readonly resources: string[]
  readonly apiOf: Record<string, string> | null
  readonly expires: number
  readonly spent: number | null
  readonly family: string | null
}

interface RefreshJson extends StandingJson {
  readonly client: string
  readonly family: string
  readonly familyRevoked: number | null
  readonly familyExpires: number
  readonly scopes: string[]
  readonly resources: string[]
  readonly apiOf: Record<string, string> | null
  readonly expires: number
  readonly spent: number | null
  readonly successor: string | null
  readonly successorSpent: boolean
}

const STANDING = sql`
  'grant', grants.id, 'grantRevoked', ${ms('grants.revoked_at')}, 'grantExpires', ${ms('grants.expires_at')},
  'ownerSuspended', ${ms('owners.suspended_at')}`

function standingOf(json: StandingJson) {
  return {
    grantId: json.grant,
    grantRevokedAt: dateOf(json.grantRevoked),
    grantExpiresAt: dateOf(json.grantExpires),
    ownerSuspendedAt: dateOf(json.ownerSuspended),
  }
}

/** The API of each of some scopes. */
function apiOf(scopes: ReturnType<typeof sql>) {
  return sql`(
    select json_object_agg(scopes.name, apis.identifier)
    from scopes join apis on apis.id = scopes.api_id where scopes.name = any(${scopes})
  )`
}

/** Moments come as ms since the epoch. */
function ms(moment: string) {
  return sql`extract(epoch from ${sql.raw(moment)}) * 1000`
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}
