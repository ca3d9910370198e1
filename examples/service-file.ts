import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseCredential, Secret } from '@doorward/sdk/kernel'

/**
 * The orders API's own secret, stored as a deployment stores its service's: outside the database, which has only a
 * hash, and readable by its user alone (0600). In production this is your secret store or an environment variable.
 */
export function readServiceKey(file: string): Secret | null {
  const text = readKept(file)
  if (text === null) return null
  const { doorward_key: key } = fieldsIn(text)
  if (typeof key !== 'string' || parseCredential(key)?.kind !== 'admin_key')
    throw new Error(`${file} has no admin key. Move the file away, and start again.`)
  return new Secret(key)
}

export function writeServiceKey(file: string, key: Secret): void {
  writeKept(file, { doorward_key: key.reveal() })
}

/** The registration that a developer of a third-party app stores. */
export interface AppClient {
  readonly clientId: string
  readonly secret: Secret
}

/** Null where there is none yet. */
export function readAppClient(file: string): AppClient | null {
  const text = readKept(file)
  if (text === null) return null
  const { client_id: clientId, client_secret: secret } = fieldsIn(text)
  if (typeof clientId !== 'string' || typeof secret !== 'string')
    throw new Error(`${file} has no client. Move the file away, and start again.`)
  return { clientId, secret: new Secret(secret) }
}

export function writeAppClient(file: string, { clientId, secret }: AppClient): void {
  writeKept(file, { client_id: clientId, client_secret: secret.reveal() })
}

function readKept(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** Writes atomically. */
function writeKept(file: string, content: Readonly<Record<string, string>>): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.new`
  rmSync(draft, { force: true })
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  renameSync(draft, file)
}

function fieldsIn(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    return {}
  }
}
