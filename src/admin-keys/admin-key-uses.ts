import type { IncomingMessage } from 'node:http'
import { clientIp, fromNodeRequest, type IpRanges } from '@doorward/sdk/kernel'
import type { Clock } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import type { AnyPermission } from '../management/permission.ts'
import { USE_STORED_EVERY_SECONDS } from '../secrets/secret.ts'
import type { PresentedAdminKey } from './admin-key.store.ts'
import { type NotedUse, storeUses } from './admin-key-use.store.ts'

/** Secrets of which a server remembers when it noted their uses; beyond, all are noted again. */
const MAX_REMEMBERED = 10_000
const NOTED_EVERY_MS = USE_STORED_EVERY_SECONDS * 1000

type UsedKey = Pick<PresentedAdminKey, 'id' | 'secretId'>

/**
 * Gathers the uses of admin keys: when each secret was last used and from where, and which permissions were exercised. Each
 * once a minute, so that a key that verifies thousands of times a second costs a look into a map. Written every few
 * seconds; a crash loses those that are not written yet.
 */
export class AdminKeyUses {
  readonly #db: Db
  readonly #clock: Clock
  readonly #trustedProxies: IpRanges | null
  readonly #onError: (error: unknown) => void
  /** When the use of a permission was last noted, by secret. */
  readonly #noted = new Map<string, Map<AnyPermission, number>>()
  #gathered: NotedUse[] = []

  constructor(
    db: Db,
    clock: Clock,
    trustedProxies: IpRanges | null = null,
    onError: (error: unknown) => void = () => {},
  ) {
    this.#db = db
    this.#clock = clock
    this.#trustedProxies = trustedProxies
    this.#onError = onError
  }

  /** Notes a use that was permitted. */
  note(key: UsedKey, permission: AnyPermission, request: IncomingMessage): void {
    if (!this.#isDue(key.secretId, permission)) return
    const { peerIp, forwardedFor } = fromNodeRequest(request, request.url ?? '')
    const ip = clientIp(peerIp, forwardedFor, this.#trustedProxies)
    this.#gather(key, permission, { ip, userAgent: request.headers['user-agent'] ?? null })
  }

  /** The same where the caller's address is known already. */
  noteFrom(key: UsedKey, permission: AnyPermission, from: Pick<NotedUse, 'ip' | 'userAgent'>): void {
    if (this.#isDue(key.secretId, permission)) this.#gather(key, permission, from)
  }

  /** Writes what is gathered. What could not be written is kept for the next try. */
  async flush(): Promise<void> {
    const uses = this.#gathered
    if (uses.length === 0) return
    this.#gathered = []
    try {
      await storeUses(this.#db, uses)
    } catch (error) {
      if (uses.length <= MAX_REMEMBERED) this.#gathered = [...uses, ...this.#gathered]
      this.#onError(error)
    }
  }

  #gather(
    { id: adminKeyId, secretId }: UsedKey,
    permission: AnyPermission,
    { ip, userAgent }: Pick<NotedUse, 'ip' | 'userAgent'>,
  ): void {
    this.#gathered.push({ adminKeyId, secretId, permission, at: this.#clock.now(), ip, userAgent })
  }

  #isDue(secretId: string, permission: AnyPermission): boolean {
    const nowMs = this.#clock.nowMs()
    let noted = this.#noted.get(secretId)
    if (noted === undefined) {
      if (this.#noted.size >= MAX_REMEMBERED) this.#noted.clear()
      noted = new Map()
      this.#noted.set(secretId, noted)
    }
    const lastMs = noted.get(permission)
    if (lastMs !== undefined && nowMs >= lastMs && nowMs - lastMs < NOTED_EVERY_MS) return false
    noted.set(permission, nowMs)
    return true
  }
}
