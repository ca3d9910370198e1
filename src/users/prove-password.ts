import { AsyncLocalStorage } from 'node:async_hooks'
import type { Secret } from '@doorward/sdk/kernel'
import { deriveKey } from '../base/derive.ts'
import type { Result } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { commonPasswords } from './common-passwords.ts'
import { hashPassword, isOutdated, isPassword, PASSWORD_LOG_N } from './hash-password.ts'
import { PasswordQueue, type Turn } from './password-queue.ts'
import { findPasswordHash, replacePasswordHash } from './user.store.ts'
import { MAX_PASSWORD, MIN_PASSWORD, whyUnsuitable } from './user.ts'

/** A user whose password somebody knows, and the hash that it was compared with: another one may be stored by now. */
export interface ProvenPassword {
  readonly userId: string
  readonly passwordHash: string
}

/**
 * better-auth, and all of it that is used: it keeps passwords, hashed as we say, and says whose an e-mail address and a
 * password are. None of its routes is reachable, and the session that it makes goes nowhere: ours begins in one transaction with
 * whatever else signing in does (decision 0013). It is loaded when somebody signs in for the first time.
 */
export interface Passwords {
  /** @returns null for an unknown address and a wrong password alike, after as much work */
  prove(turn: Turn, email: string, password: string): Promise<Result<ProvenPassword | null, 'too_busy'>>
  hash(turn: Turn, password: string): Promise<Result<string, 'too_busy'>>
  /**
   * Hashes a user's password again where what is stored was made with less work; one that was set meanwhile stays. Where
   * too many wait, it is left for the next sign-in.
   */
  renew(turn: Turn, userId: string, password: string): Promise<void>
  /** Why a password cannot be set, in words for the person; null where it can. */
  whyUnsuitable(password: string, email: string): Promise<string | null>
}

export interface PasswordsParts {
  readonly db: Db
  readonly serverSecret: Secret | null
  /** Its host's name is no part of a good password. */
  readonly publicUrl: string
  /** How much work a hash is; less in tests of other things. */
  readonly logN?: number | undefined
}

export function openPasswords(parts: PasswordsParts): Passwords {
  const { db, serverSecret, publicUrl, logN = PASSWORD_LOG_N } = parts
  const words = ['doorward', ...new URL(publicUrl).hostname.split(/[.-]/)]
  const hash = (password: string) => hashPassword(password, logN)
  const queue = new PasswordQueue()
  let opened: Promise<BetterAuth> | undefined
  return {
    prove: async (turn, email, password) => {
      if (serverSecret === null) throw new Error('nobody can sign in without a server secret')
      opened ??= openBetterAuth(db, serverSecret, hash)
      const { prove } = await opened
      return await queue.inTurn(turn, () => prove(email, password))
    },
    hash: (turn, password) => queue.inTurn(turn, () => hash(password)),
    renew: async (turn, userId, password) => {
      const from = await findPasswordHash(db, userId)
      if (from === null || !isOutdated(from, logN)) return
      const again = await queue.inTurn(turn, async () =>
        // It may be another than the one that was proved a moment ago.
        (await isPassword(password, from)) ? await hash(password) : null,
      )
      if (again.ok && again.value !== null) await replacePasswordHash(db, userId, { from, to: again.value })
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
    // Nothing of ours is reached through it: it makes no links and takes no requests.
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
      // For an address that nobody has it hashes too, so that both take as long.
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

/** better-auth does not say which hash it compared with. */
const PROVING = new AsyncLocalStorage<{ passwordHash: string }>()

const TIMES = { createdAt: 'created_at', updatedAt: 'updated_at' }

/** Where its own sessions go. */
const NOWHERE = {
  get: async () => null,
  getAndDelete: async () => null,
  increment: async () => 1,
  set: async () => {},
  delete: async () => {},
}
