import type { UsageBatch } from './usage-batch.ts'

/** A batch as an SDK sends it to the server. Times are ISO 8601 in UTC. */
export function usageBatchToWire({ id, items, exposed }: UsageBatch) {
  return {
    id,
    items: items.map((item) => ({
      credential_id: item.credentialId,
      outcome: item.outcome,
      scope: item.scope,
      minute: item.minute.toISOString(),
      count: item.count,
      calls: item.calls,
      last_at: item.lastAt.toISOString(),
      last_ip: item.lastIp,
      last_user_agent: item.lastUserAgent,
    })),
    exposed: exposed.map(({ hash, at, ip }) => ({ hash, at: at.toISOString(), ip })),
  }
}
