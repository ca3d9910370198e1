import type { Client } from '../../clients/client.ts'
import { redirectHost } from './authorization-response.ts'

/**
 * The name of an app where there is no room for a warning. One that nobody registered calls itself what it likes, so the
 * host of its document, or the place where its answer goes, stands beside it.
 */
export function displayNameOf(client: Pick<Client, 'id' | 'name' | 'source'>, redirectUri: string): string {
  if (client.source === 'registered') return client.name
  const document = client.source === 'metadata_document' ? URL.parse(client.id) : null
  return `${client.name} (${document?.host ?? redirectHost(redirectUri)})`
}
