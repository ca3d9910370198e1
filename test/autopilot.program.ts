import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SecretStore } from '@doorward/sdk/autopilot'

// A program that uses a key of which the SDK takes care, in its own process; its parent says when it checks, and can kill it
// at a step.

const { URL: url = '', API: api, FILE: file = '', VARIABLE: variable, KILL_AT: killAt } = process.env

/** Dies as at a power cut where the parent asked for this step. */
async function step(name: string): Promise<void> {
  if (name !== killAt) return
  process.kill(process.pid, 'SIGKILL')
  await new Promise(() => {})
}

const { rename } = fs.promises
fs.promises.rename = async (...files) => {
  await step('before the rename')
  await rename(...files)
}
syncBuiltinESMExports()

const { envFileStore, fileStore, startAutopilot } = await import('@doorward/sdk/autopilot')
const inFile = variable === undefined ? fileStore(file) : envFileStore(file, variable)
const store: SecretStore = {
  read: inFile.read,
  write: async (secret) => {
    await step('before it is stored')
    await inFile.write(secret)
    await step('after it is stored')
  },
}
const asking: typeof fetch = async (target, init) => {
  const path = String(target).slice(url.length)
  await step(`before ${path}`)
  const answer = await fetch(target, init)
  await step(`after ${path}`)
  return answer
}
const autopilot = await startAutopilot({
  ...{ url, store, fetch: asking },
  // The parent says when.
  ...{ checkEveryMs: 1e12, rereadEveryMs: 1e12 },
  onError: (error) => process.send?.({ error: String(error) }),
})

process.on('message', async () => {
  await autopilot.check()
  process.send?.({ checked: true })
})
process.on('disconnect', () => process.exit(0))
process.send?.({ started: true })

while (api !== undefined) {
  const secret = autopilot.current().reveal()
  const { status } = await fetch(api, { headers: { authorization: `Bearer ${secret}` } })
  process.send?.({ status, used: createHash('sha256').update(secret).digest('hex') })
  await sleep(5)
}
