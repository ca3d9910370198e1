import { parseCredential, Secret } from './credential.ts'
import { recordFromWire } from './record.wire.ts'
import { type CredentialSource, SourceUnavailableError } from './source.ts'
import type { UsageBatch } from './usage.ts'

export interface HttpSourceOptions {
  /** Where Doorward is, `https://doorward.example.com`. */
  readonly url: string
  /** An admin key with the permission `verify`, and best no other. */
  readonly adminKey: string | undefined
  /** For one question. Default 2000. */
  readonly timeoutMs?: number | undefined
}

/** A source that also takes what was counted. */
export interface HttpSource extends CredentialSource {
  sendUsage(batch: UsageBatch): Promise<void>
}

/**
 * Asks a Doorward server. Only hashes go over the wire, never a credential of a caller.
 *
 * @throws TypeError where the URL or the admin key cannot be right
 */
export function httpSource({ url, adminKey, timeoutMs = 2_000 }: HttpSourceOptions): HttpSource {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new TypeError(
      `url must be where Doorward is, such as http://127.0.0.1:4000; it is ${JSON.stringify(url)}`,
    )
  if (adminKey === undefined || parseCredential(adminKey)?.kind !== 'admin_key')
    throw new TypeError('adminKey must be an admin key (`ak_…`) with the permission `verify`')
  const secret = new Secret(adminKey)

  const post = async (path: string, body: unknown): Promise<Response> => {
    let response: Response
    try {
      response = await fetch(`${url.replace(/\/+$/, '')}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${secret.reveal()}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
    } catch (cause) {
      throw new SourceUnavailableError(`Doorward at ${url} does not answer`, { cause })
    }
    if (response.ok) return response
    await response.body?.cancel()
    if (response.status === 401 || response.status === 403)
      throw new SourceUnavailableError(
        `Doorward at ${url} refuses the SDK's admin key (${response.status}): it must be live and hold \`verify\``,
      )
    throw new SourceUnavailableError(`Doorward at ${url} answers ${response.status}`)
  }

  return {
    lookup: async (hashes) => {
      const response = await post('/v1/lookups', { hashes })
      try {
        const { data } = (await response.json()) as { data: readonly { hash: string; record: unknown }[] }
        return hashes.map((hash, at) => {
          const entry = data[at]
          if (entry?.hash !== hash) throw new TypeError('the answers are not in the order of the question')
          return entry.record === null ? null : recordFromWire(entry.record)
        })
      } catch (cause) {
        throw new SourceUnavailableError(
          `Doorward at ${url} gives an answer that this SDK does not understand`,
          { cause },
        )
      }
    },
    sendUsage: async ({ id, items, exposed }) => {
      await post('/v1/usage-batches', {
        id,
        items: items.map((item) => ({
          credential_id: item.credentialId,
          outcome: item.outcome,
          count: item.count,
          last_at: item.lastAt.toISOString(),
          last_ip: item.lastIp,
          last_user_agent: item.lastUserAgent,
        })),
        exposed: exposed.map(({ hash, at, ip }) => ({ hash, at: at.toISOString(), ip })),
      })
    },
  }
}
