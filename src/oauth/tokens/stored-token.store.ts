import { type RawBuilder, sql } from 'kysely'
import { momentAt } from '../../base/moment.ts'
import { dateOf, ms } from '../../db/moments.ts'
import { PREPARED } from '../../db/prepared.ts'
import type { Db } from '../../db/schema.ts'
import { IS_STILL_ALLOWED } from '../grants/allowed-scopes.store.ts'
import type { StoredCode, StoredRefreshToken } from './stored-token.ts'

/** Finds a code. @param hash 64 hex digits */
export async function findCode(db: Db, hash: string): Promise<StoredCode | null> {
  const asked = await ask<CodeJson>(
    db,
    sql`
      select ${PREPARED} json_build_object(
        'client', code.client_id, 'redirectUri', code.redirect_uri, 'challenge', code.code_challenge,
        'scopes', ${stillAllowed(sql`code.scopes`)}, 'original', code.scopes, 'resources', code.resources, 'apiOf', ${apiOf(sql`code.scopes`)},
        'expires', ${ms('code.expires_at')}, 'spent', ${ms('code.spent_at')}, 'family', code.family_id,
        ${STANDING}
      ) as asked
      from authorization_codes as code
      join grants on grants.id = code.grant_id
      join clients on clients.id = code.client_id
      join owners on owners.id = grants.owner_id
      where code.hash = ${Buffer.from(hash, 'hex')}`,
  )
  if (asked === null) return null
  return {
    clientId: asked.client,
    redirectUri: asked.redirectUri,
    codeChallenge: asked.challenge,
    scopes: asked.scopes,
    originalScopes: asked.original,
    resources: asked.resources,
    apiOf: asked.apiOf ?? {},
    expiresAt: momentAt(asked.expires),
    spentAt: dateOf(asked.spent),
    familyId: asked.family,
    ...standingOf(asked),
  }
}

/** Finds a refresh token. @param hash 64 hex digits */
export async function findRefreshToken(db: Db, hash: string): Promise<StoredRefreshToken | null> {
  const asked = await ask<RefreshJson>(
    db,
    sql`
      select ${PREPARED} json_build_object(
        'client', families.client_id, 'family', families.id,
        'familyRevoked', ${ms('families.revoked_at')}, 'familyExpires', ${ms('families.expires_at')},
        'scopes', ${stillAllowed(sql`families.scopes`)}, 'original', families.scopes,
        'resources', families.resources, 'apiOf', ${apiOf(sql`families.scopes`)},
        'expires', ${ms('token.expires_at')}, 'spent', ${ms('token.spent_at')},
        'successor', encode(token.successor_hash, 'hex'),
        'successorSpent', exists (
          select from refresh_tokens as next where next.hash = token.successor_hash and next.spent_at is not null
        ),
        ${STANDING}
      ) as asked
      from refresh_tokens as token
      join token_families as families on families.id = token.family_id
      join grants on grants.id = families.grant_id
      join clients on clients.id = families.client_id
      join owners on owners.id = grants.owner_id
      where token.hash = ${Buffer.from(hash, 'hex')}`,
  )
  if (asked === null) return null
  return {
    clientId: asked.client,
    familyId: asked.family,
    familyRevokedAt: dateOf(asked.familyRevoked),
    familyExpiresAt: momentAt(asked.familyExpires),
    scopes: asked.scopes,
    originalScopes: asked.original,
    resources: asked.resources,
    apiOf: asked.apiOf ?? {},
    expiresAt: momentAt(asked.expires),
    spentAt: dateOf(asked.spent),
    successorHash: asked.successor,
    successorSpent: asked.successorSpent,
    ...standingOf(asked),
  }
}

/** The API of each of some scopes. */
export async function apisOf(db: Db, scopes: readonly string[]): Promise<Readonly<Record<string, string>>> {
  return (
    (await ask<Record<string, string>>(db, sql`select ${apiOf(sql`${[...scopes]}::text[]`)} as asked`)) ?? {}
  )
}

/** Runs a query whose result is one JSON value; null: no row. */
async function ask<Asked>(db: Db, question: RawBuilder<unknown>): Promise<Asked | null> {
  const { rows } = await question.execute(db)
  return (rows[0] as { asked: Asked | null } | undefined)?.asked ?? null
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
  readonly original: string[]
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
  readonly original: string[]
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

/** The part of these scopes that the grant and the client's ceiling still have: what verification will allow. */
function stillAllowed(scopes: ReturnType<typeof sql>) {
  return sql`array(
    select name.name from unnest(${scopes}) as name (name)
    where ${IS_STILL_ALLOWED}
  )`
}

/** The API of each of some scopes. */
function apiOf(scopes: ReturnType<typeof sql>) {
  return sql`(
    select json_object_agg(scopes.name, apis.identifier)
    from scopes join apis on apis.id = scopes.api_id where scopes.name = any(${scopes})
  )`
}
