import { spawn } from 'node:child_process'
import { createServer } from 'vite'
import { viteSettings } from './vite.ts'

// `npm run dev`: the server, restarted when a source changes, and the dashboard, whose changes show at once.

const { env } = process
const port = env.PORT || '4000'
const webPort = Number(env.WEB_PORT || 4010)
const host = '127.0.0.1'

const server = spawn(process.execPath, ['--watch', 'src/main.ts'], { stdio: 'inherit' })
const vite = await createServer({
  ...viteSettings('serve'),
  server: {
    host,
    port: webPort,
    strictPort: true,
    // All but the dashboard's own files is the server's. The browser names this origin, which the server must not see
    // as another site: `Sec-Fetch-Site` says `same-origin`.
    proxy: { '^/(?!dashboard(/|$))': { target: `http://${env.HOST || host}:${port}` } },
  },
})
await vite.listen()
process.stdout.write(`\n  The dashboard, with hot reload: http://${host}:${webPort}/dashboard/\n\n`)

const stop = async () => {
  server.kill('SIGTERM')
  await vite.close()
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
server.once('exit', async (code) => {
  await vite.close()
  process.exitCode = code ?? 0
})
