import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Secret } from '@doorward/sdk/kernel'

const NAME = 'doorward.secret'
const BYTES = 32

/**
 * The server's secret beside an embedded database, made where there is none yet: in the data directory and not in the
 * database, so that a dump of the database holds nothing. For who has the directory's lock.
 */
export function secretBeside(dataDir: string): Secret {
  const path = join(resolve(dataDir), NAME)
  if (!existsSync(path)) {
    const fresh = `${path}.new`
    writeFileSync(fresh, `${randomBytes(BYTES).toString('base64')}\n`, { mode: 0o600, flush: true })
    // A file that was left behind keeps the rights that it had.
    chmodSync(fresh, 0o600)
    renameSync(fresh, path)
  }
  const text = readFileSync(path, 'utf8').trim()
  if (Buffer.byteLength(text) < BYTES)
    throw new Error(
      `${path} holds no secret of ${BYTES} bytes or more. Restore it, or remove it for a new one.`,
    )
  return new Secret(text)
}
