import type { GrantType } from '../../../clients/client.ts'
import type { GrantTypeReader } from '../exchange.ts'
import { authorizationCode } from './authorization-code.ts'
import { clientCredentials } from './client-credentials.ts'
import { refreshToken } from './refresh-token.ts'

/** A client can be registered for each of these: the compiler compares them with `clients/client.ts`. */
const READERS = {
  authorization_code: authorizationCode,
  refresh_token: refreshToken,
  client_credentials: clientCredentials,
} satisfies Record<GrantType, GrantTypeReader>

/** The grant types of the token endpoint, by their name on the wire. The server metadata lists them from here. */
export const GRANT_TYPES: ReadonlyMap<string, GrantTypeReader> = new Map(Object.entries(READERS))
