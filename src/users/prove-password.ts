import { AsyncLocalStorage } from 'node:async_hooks'
import type { Secret } from '@doorward/sdk/kernel'
import { deriveKey } from '../base/derive.ts'
import type { Result } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { commonPasswords } from './common-passwords.ts'
import { hashPassword, isOutdated, isPassword, PASSWORD_LOG_N } from './hash-password.ts'
import { type HashRequest, PasswordQueue } from './password-queue.ts'
import { MAX_PASSWORD, MIN_PASSWORD, whyUnsuitable } from './user.ts'

/** A user who has proved the password, and the hash that it was compared with: another may be stored by now. */
export interface ProvenPassword {
  readonly userId: string
  readonly passwordHash: string
}

/**
 * The part of better-auth that is used: it keeps passwords, hashed by us, and verifies them. None of its routes is
 * reachable and its session is discarded: ours starts in the sign-in's own transaction (decision 0013). Loaded at the
 * first sign-in.
 */
export interface Passwords {
  /** @returns null for an unknown address and a wrong password, after the same work (timing, user enumeration) */
  prove(
    request: HashRequest,
    email: string,
    password: string,
  ): Promise<Result<ProvenPassword | null, 'too_busy'>>
  /**
   * Compares a password with a stored hash, for accounts that are not users.
   *
   * @param stored null: the same work for nothing (timing)
   */
  matches(request: HashRequest, password: string, stored: string | null): Promise<Result<boolean, 'too_busy'>>
  hash(request: HashRequest, password: string): Promise<Result<string, 'too_busy'>>
  /**
   * Rehashes a proven password.
   *
   * @param stored the hash that it was compared with
   * @returns null where that one has today's cost, and with a full queue: it is left to the next sign-in
   */
  rehash(request: HashRequest, password: string, stored: string): Promise<string | null>
  /** Reason why a password is unsuitable, for the user; null where it is suitable. */
  whyUnsuitable(password: string, email: string): Promise<string | null>
}

export interface PasswordsParts {
  readonly db: Db
  readonly serverSecret: Secret | null
  /** Words of its host name must not make up a password. */
  readonly publicUrl: string
  /** Cost of a hash; lower in tests of other things. */
  readonly logN?: number | undefined
}

export function openPasswords(parts: PasswordsParts): Passwords {
  const { db, serverSecret, publicUrl, logN = PASSWORD_LOG_N } = parts
  const words = ['doorward', ...new URL(publicUrl).hostname.split(/[.-]/)]
  const hash = (password: string) => hashPassword(password, logN)
  const queue = new PasswordQueue()
  let opened: Promise<BetterAuth> | undefined
  return {
    prove: async (request, email, password) => {
      if (serverSecret === null) throw new Error('sign-in needs a server secret')
      opened ??= openBetterAuth(db, serverSecret, hash)
      const { prove } = await opened
      return await queue.run(request, () => prove(email, password))
    },
    matches: (request, password, stored) =>
      queue.run(request, async () => {
        if (stored !== null) return await isPassword(password, stored)
        await hash(password)
        return false
      }),
    hash: (request, password) => queue.run(request, () => hash(password)),
    rehash: async (request, password, stored) => {
      if (!isOutdated(stored, logN)) return null
      const again = await queue.run(request, () => hash(password))
      return again.ok ? again.value : null
    },
    whyUnsuitable: async (password, email) =>
      whyUnsuitable(password, email, { passwords: await commonPasswords(), words }),
  }
}

interface BetterAuth {
  prove(email: string, password: string): Promise<ProvenPassword | null>
}

async function openBetterAuth(
  db: Db,
  serverSecret: Secret,
  hash: (password: string) => Promise<string>,
): Promise<BetterAuth> {
  const [{ betterAuth }, { isAPIError }] = await Promise.all([
    import('better-auth'),
    import('better-auth/api'),
  ])
  const auth = betterAuth({
    database: { db, type: 'postgres' },
    secret: deriveKey(serverSecret, 'better-auth').toString('base64url'),
    // Never used: better-auth creates no links and takes no requests.
    baseURL: 'http://doorward.invalid',
    telemetry: { enabled: false },
    logger: { disabled: true },
    user: { modelName: 'users', fields: { emailVerified: 'email_verified', ...TIMES } },
    account: {
      modelName: 'user_credentials',
      fields: {
        accountId: 'account_id',
        providerId: 'provider_id',
        userId: 'user_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        ...TIMES,
      },
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: MIN_PASSWORD,
      maxPasswordLength: MAX_PASSWORD,
      // It also hashes for an unknown address, so that response times do not reveal users.
      password: {
        hash,
        verify: async ({ hash, password }) => {
          const isRight = await isPassword(password, hash)
          const proving = PROVING.getStore()
          if (isRight && proving !== undefined) proving.passwordHash = hash
          return isRight
        },
      },
    },
    session: { storeSessionInDatabase: false },
    secondaryStorage: NOWHERE,
  })
  return {
    prove: async (email, password) => {
      const proving = { passwordHash: '' }
      try {
        const signIn = () => auth.api.signInEmail({ body: { email, password } })
        const { user } = await PROVING.run(proving, signIn)
        return { userId: user.id, passwordHash: proving.passwordHash }
      } catch (error) {
        if (isAPIError(error) && (error.statusCode === 400 || error.statusCode === 401)) return null
        throw error
      }
    },
  }
}

/** Carries out the hash that better-auth compared with, which it does not return. */
const PROVING = new AsyncLocalStorage<{ passwordHash: string }>()

const TIMES = { createdAt: 'created_at', updatedAt: 'updated_at' }

/** Discards better-auth's sessions. */
const NOWHERE = {
  get: async () => null,
  getAndDelete: async () => null,
  increment: async () => 1,
  set: async () => {},
  delete: async () => {},
}
