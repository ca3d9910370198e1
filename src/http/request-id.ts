import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16
/** Random bytes for 256 ids at once: one call to the generator costs the same for few as for many. */
const pool = Buffer.allocUnsafe(ID_BYTES * 256)
let used = pool.length

/** New request id, `req_` and 32 hex digits: in the response, log lines and audit events of the request. */
export function newRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += ID_BYTES
  return `req_${pool.toString('hex', used - ID_BYTES, used)}`
}
