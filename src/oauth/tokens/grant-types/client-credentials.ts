import { mintCredential } from '@doorward/sdk/kernel'
import { no, yes } from '../../../base/result.ts'
import {
  authenticate,
  credentialPlace,
  type Exchanged,
  type GrantTypeReader,
  type Issuer,
  newAccessToken,
  type RequestedAccess,
  refuserFor,
  type TokenCall,
  toIssued,
} from '../exchange.ts'
import { insertOwnToken } from '../issue-tokens.store.ts'
import { declaredResources } from '../match-resource.ts'
import { refuseScope, scopesOfResources } from '../narrow-scopes.ts'
import { apisOf } from '../stored-token.store.ts'

/** RFC 6749 §4.4: no user and no refresh token. */
export const clientCredentials: GrantTypeReader = (_, access) =>
  yes((issuer, call) => issueOwnToken(issuer, access, call))

/** Issues only scopes that an administrator has listed for the client. None listed, none issued. */
async function issueOwnToken(issuer: Issuer, access: RequestedAccess, call: TokenCall): Promise<Exchanged> {
  const { now } = call.origin
  const known = await authenticate(issuer, call, false)
  if (!known.ok) return known
  const { client } = known.value
  const refused = refuserFor(client)
  if (client.type === 'public') return refused('public_client')
  if (!client.grantTypes.includes('client_credentials')) return refused('grant_type_not_registered')
  if (client.ownerId === null)
    return refused('client_without_owner', 'The client belongs to no owner, so there is no data to reach.')
  const listed = client.clientCredentialsScopes
  const beyond = access.scopes?.find((scope) => !listed.includes(scope))
  if (beyond !== undefined)
    return no({ why: refuseScope(beyond, 'is not listed for this client'), clientId: client.id })
  const apiOf = access.resources.length === 0 ? {} : await apisOf(issuer.db, listed)
  const resources = declaredResources(access.resources, Object.values(apiOf))
  if (resources === null) return refused('resource_not_granted')
  const scopes = scopesOfResources(access.scopes ?? listed, resources, apiOf)
  if (listed.length === 0) return refused('no_scopes', 'No scopes are listed for this client.')
  if (scopes.length === 0) return refused('resource_without_scopes')
  const accessToken = mintCredential('access_token', credentialPlace(issuer, client))
  const stored = newAccessToken(issuer, client, accessToken, { scopes, resources }, now, null)
  await insertOwnToken(issuer.db, stored)
  return yes(toIssued(accessToken, stored.expiresAt, null, scopes, now))
}
