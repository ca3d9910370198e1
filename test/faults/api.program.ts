import { doorward } from '@doorward/sdk/fetch'

// An API that is guarded by the SDK, in its own process; its only caller is the parent process.

const { guard, health, close } = doorward({
  url: process.env.URL,
  adminKey: process.env.ADMIN_KEY,
  environment: 'live',
  onError: (error) => process.stderr.write(`${error}\n`),
})
const api = guard()(() => new Response('let in'))

process.on('message', async ({ id, credential }: { id: number; credential: string | null }) => {
  if (credential === null) return process.send?.({ id, said: health() })
  const asked = new Request('http://api.test/', { headers: { authorization: `Bearer ${credential}` } })
  const answer = await api(asked)
  process.send?.({ id, said: answer.ok ? 'accepted' : `${answer.status}` })
})
process.on('SIGTERM', async () => {
  await close()
  process.exit(0)
})
process.on('disconnect', () => process.exit(1))
