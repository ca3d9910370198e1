import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'

/** Of a file that holds a secret. */
export const ONLY_OWNER = 0o600

/** Longer than any file that is meant to hold secrets. */
const MAX_BYTES = 1024 * 1024

/** A temporary file of a process that was killed is removed after so long; a younger one may be in use. */
const LEFT_BEHIND_MS = 60_000

/** A file as it is, each byte one character, so that it can be written again exactly; null where there is none. */
export async function readExactly(file: string): Promise<string | null> {
  try {
    const { size } = await stat(file)
    if (size > MAX_BYTES)
      throw new Error(`${file} has ${size} bytes, more than ${MAX_BYTES}: is it the right file?`)
    return await readFile(file, 'latin1')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/**
 * Replaces a file so that a reader, and a crash at any moment, finds the old or the new one as a whole: written beside it,
 * synced, renamed. A link stays a link; the owner stays the same.
 *
 * @param text each character one byte
 * @param mode undefined: as it was, or for its owner alone where it is new
 */
export async function replaceFile(file: string, text: string, mode?: number): Promise<void> {
  const target = await realpath(file).catch((error) => {
    if (isMissing(error)) return path.resolve(file)
    throw error
  })
  const folder = path.dirname(target)
  const prefix = `.${path.basename(target)}.doorward-`
  await removeLeftBehind(folder, prefix)
  const before = await stat(target).catch(() => null)
  const temporary = path.join(folder, prefix + randomBytes(8).toString('hex'))
  try {
    const handle = await open(temporary, 'wx', ONLY_OWNER)
    try {
      await handle.writeFile(text, 'latin1')
      const made = await handle.stat()
      if (before !== null && (before.uid !== made.uid || before.gid !== made.gid))
        await handle.chown(before.uid, before.gid)
      await handle.chmod(mode ?? (before === null ? ONLY_OWNER : before.mode & 0o777))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(folder)
}

/** Makes the rename durable. Windows has no such call for a folder. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function removeLeftBehind(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix)) continue
    const file = path.join(folder, name)
    const age = await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > LEFT_BEHIND_MS) await rm(file, { force: true })
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
