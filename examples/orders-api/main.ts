import { buildOrdersApi } from './app.ts'

const { DOORWARD_URL = '', DOORWARD_VERIFY_KEY = '', HOST = '127.0.0.1', PORT = '4001' } = process.env

try {
  const app = buildOrdersApi({
    doorwardUrl: DOORWARD_URL,
    doorwardKey: DOORWARD_VERIFY_KEY,
    environment: 'live',
  })
  await app.listen({ host: HOST, port: Number(PORT) })

  // Finishes requests under way and delivers the last counts; a second signal has no effect.
  const stop = () => void app.close()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
} catch (error) {
  process.stderr.write(`The orders API cannot start: ${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
