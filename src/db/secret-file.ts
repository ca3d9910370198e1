import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Secret } from '@doorward/sdk/kernel'

const NAME = 'doorward.secret'
const BYTES = 32

/**
 * Reads the server secret of an embedded database, created at the first start. It is in the data directory and not in the
 * database, so that a dump contains no secret. The caller holds the directory lock.
 */
export function secretBeside(dataDir: string): Secret {
  const path = join(resolve(dataDir), NAME)
  if (!existsSync(path)) {
    const fresh = `${path}.new`
    writeFileSync(fresh, `${randomBytes(BYTES).toString('base64')}\n`, { mode: 0o600, flush: true })
    // A leftover file would keep its old permissions.
    chmodSync(fresh, 0o600)
    renameSync(fresh, path)
  }
  const text = readFileSync(path, 'utf8').trim()
  if (Buffer.byteLength(text) < BYTES)
    throw new Error(
      `${path} must contain a secret of at least ${BYTES} bytes. Restore the file, or remove it to create a new secret.`,
    )
  return new Secret(text)
}
