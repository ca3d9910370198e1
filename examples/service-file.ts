import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseCredential, Secret } from '@doorward/sdk/kernel'

/**
 * The orders API's own secret, kept as any deployment keeps its service's: outside the database, which holds only a
 * hash, and readable by its user alone (0600). In production this is your secret store or an environment variable.
 */
export function readServiceKey(file: string): Secret | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  const key = keyIn(text)
  if (key === null) throw new Error(`${file} holds no admin key. Move it away, and start again.`)
  return new Secret(key)
}

/** Whole or not at all. */
export function writeServiceKey(file: string, key: Secret): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.new`
  rmSync(draft, { force: true })
  writeFileSync(draft, `${JSON.stringify({ doorward_key: key.reveal() }, null, 2)}\n`, { mode: 0o600 })
  renameSync(draft, file)
}

function keyIn(text: string): string | null {
  try {
    const { doorward_key: key } = JSON.parse(text) as { doorward_key?: unknown }
    return typeof key === 'string' && parseCredential(key)?.kind === 'admin_key' ? key : null
  } catch {
    return null
  }
}
