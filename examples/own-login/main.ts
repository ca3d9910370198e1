import { Secret } from '@doorward/sdk/kernel'
import { managementApi } from '../management.ts'
import { buildOwnLogin } from './app.ts'

const { DOORWARD_URL = '', DOORWARD_LOGIN_KEY = '', HOST = '127.0.0.1', PORT = '4003' } = process.env

try {
  const app = buildOwnLogin(managementApi(DOORWARD_URL, new Secret(DOORWARD_LOGIN_KEY)))
  await app.listen({ host: HOST, port: Number(PORT) })

  const stop = () => void app.close()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
} catch (error) {
  process.stderr.write(`The login cannot start: ${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
