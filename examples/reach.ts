import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const WITHIN_MS = 120_000
const EVERY_MS = 50

/**
 * Checks a port before the start: otherwise another program on it would be taken for the server.
 *
 * @throws Error where the port is taken; other faults are reported by the server
 */
export async function checkIsFree(variable: string, port: number, host: string): Promise<void> {
  const fault = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    const probe = createServer().once('error', resolve)
    probe.listen(port, host, () => probe.close(() => resolve(null)))
  })
  if (fault?.code === 'EADDRINUSE')
    throw new Error(
      `Port ${port} is in use. Stop what listens there, or choose another: ${variable}=${port + 100} npm start`,
    )
}

/** Waits for a 2xx answer. @throws Error where there is none within two minutes */
export async function untilAnswers(url: string): Promise<void> {
  const giveUpAt = performance.now() + WITHIN_MS
  while (!(await answers(url))) {
    if (performance.now() > giveUpAt)
      throw new Error(`${url} did not answer within two minutes. Look at its output above.`)
    await sleep(EVERY_MS)
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
