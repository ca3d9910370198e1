import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endAtExit } from './left-behind.ts'

/** Below the ports that Linux, macOS and Windows give to whoever asks for any, connections of clients included. */
const [FIRST, COUNT] = [12_000, 18_000]

/**
 * Reserves a port of 127.0.0.1 until this process exits.
 *
 * Files of tests run concurrently, and a server may be down for a while and come back to its port. A port that the
 * kernel picked is free for all of them meanwhile: a test once talked to the server of another.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (reserve(port) && (await isUnused(port))) return port
  }
}

/** Creates the file that stands for a port. @returns false if a process that is still running has created it */
function reserve(port: number): boolean {
  const path = join(tmpdir(), `doorward-test-port-${port}`)
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
  } catch {
    if (!isLeftBehind(path)) return false
    rmSync(path, { force: true })
    return reserve(port)
  }
  endAtExit(() => rmSync(path, { force: true }))
  return true
}

/** True where the process that made the file was killed before it could remove it. */
function isLeftBehind(path: string): boolean {
  try {
    process.kill(Number(readFileSync(path, 'utf8') || process.pid), 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}

async function isUnused(port: number): Promise<boolean> {
  const server = createServer()
  const listens = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  await new Promise((resolve) => server.close(resolve))
  return listens
}
