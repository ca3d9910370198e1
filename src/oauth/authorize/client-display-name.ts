import type { Client } from '../../clients/client.ts'
import { redirectHost } from './authorization-response.ts'

/**
 * The app's name where there is no room for a warning. A client without pre-registration can call itself anything, so
 * the host of its document or of its redirect URI stands beside.
 */
export function displayNameOf(client: Pick<Client, 'id' | 'name' | 'source'>, redirectUri: string): string {
  if (client.source === 'registered') return client.name
  const document = client.source === 'metadata_document' ? URL.parse(client.id) : null
  return `${client.name} (${document?.host ?? redirectHost(redirectUri)})`
}
