import type pg from 'pg'

/**
 * better-auth and its api-key plugin, configured for speed as their documentation says: rate limits off (they cost a
 * further statement), and everything deferred that can be. Typed by hand, because the type check at the root runs
 * without `bench/node_modules`.
 */
export interface BetterAuthKeys {
  /** Creates keys of one user. */
  make(count: number): Promise<string[]>
  verify(key: string): Promise<boolean>
  /** Waits until all deferred work is done. */
  settle(): Promise<void>
}

interface Auth {
  readonly api: {
    createApiKey(call: { body: { userId: string; prefix: string } }): Promise<{ key: string }>
    verifyApiKey(call: { body: { key: string } }): Promise<{ valid: boolean }>
  }
  readonly $context: Promise<{
    internalAdapter: { createUser(user: { email: string; name: string }): Promise<{ id: string }> }
  }>
}

export async function openBetterAuth(pool: pg.Pool, { migrate = false } = {}): Promise<BetterAuthKeys> {
  const [{ betterAuth }, { apiKey }, { getMigrations }] = await Promise.all([
    load('better-auth'),
    load('@better-auth/api-key'),
    load('better-auth/db/migration'),
  ])
  const deferred = new Set<Promise<unknown>>()
  const options = {
    database: pool,
    secret: 'only for this benchmark, which keeps no secrets',
    baseURL: 'http://127.0.0.1',
    telemetry: { enabled: false },
    logger: { level: 'error' },
    advanced: {
      backgroundTasks: {
        handler: (task: Promise<unknown>) => {
          deferred.add(task)
          void task.finally(() => deferred.delete(task))
        },
      },
    },
    plugins: [apiKey({ rateLimit: { enabled: false }, deferUpdates: true })],
  }
  if (migrate) await (await getMigrations(options)).runMigrations()
  const auth: Auth = betterAuth(options)
  return {
    make: async (count) => {
      const { internalAdapter } = await auth.$context
      const user = await internalAdapter.createUser({ email: 'bench@example.com', name: 'Bench' })
      const keys: string[] = []
      for (let made = 0; made < count; made++)
        keys.push((await auth.api.createApiKey({ body: { userId: user.id, prefix: 'sk_' } })).key)
      return keys
    },
    verify: async (key) => (await auth.api.verifyApiKey({ body: { key } })).valid,
    settle: async () => void (await Promise.all(deferred)),
  }
}

/** A specifier that the compiler does not resolve. */
function load(name: string) {
  return import(name)
}
