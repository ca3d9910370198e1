import { buildOrdersApp } from './app.ts'

const {
  ISSUER = '',
  CLIENT_ID = '',
  CLIENT_SECRET = '',
  ORDERS_URL = '',
  HOST = '127.0.0.1',
  PORT = '4002',
} = process.env
const { OWN_URL = `http://${HOST}:${PORT}` } = process.env

try {
  const app = await buildOrdersApp({
    issuer: ISSUER,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    ordersUrl: ORDERS_URL,
    ownUrl: OWN_URL,
  })
  await app.listen({ host: HOST, port: Number(PORT) })

  const stop = () => void app.close()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
} catch (error) {
  process.stderr.write(`The orders app cannot start: ${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
