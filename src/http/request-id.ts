import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16
/** Random bytes for some ids at once: asking for few costs as much as asking for many. */
const pool = Buffer.allocUnsafe(ID_BYTES * 256)
let used = pool.length

/** A new name for a request, `req_` and 32 hex digits; in each answer, each log line and each audit event of it. */
export function newRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += ID_BYTES
  return `req_${pool.toString('hex', used - ID_BYTES, used)}`
}
