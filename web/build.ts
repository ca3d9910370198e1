import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

// `npm run build:web`: the dashboard into `web/dist`, compressed beforehand.

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(ROOT, 'web/dist')
/** Each source with its hash: what the build was made from. */
const SOURCES = join(DIST, 'sources.json')
/** Everything of the app itself; modules that it imports from elsewhere are known after the build. */
const OWN = ['web/**/*.{ts,tsx,css,html,json}', 'package-lock.json']

/** Builds if a source has changed since the last build. Returns whether it did. */
export async function buildIfChanged(): Promise<boolean> {
  if (isCurrent()) return false
  await buildDashboard()
  return true
}

async function buildDashboard(): Promise<void> {
  const { build } = await import('vite')
  const { viteSettings } = await import('./vite.ts')
  const outDir = join(ROOT, `web/.dist-${process.pid}`)
  mkdirSync(outDir)
  try {
    const settings = viteSettings('build')
    const built = await build({ ...settings, build: { ...settings.build, outDir, emptyOutDir: true } })
    const chunks = [built].flat().flatMap((each) => ('output' in each ? each.output : []))
    const imported = chunks.flatMap((each) => (each.type === 'chunk' ? each.moduleIds : []))
    for (const file of globSync('assets/*', { cwd: outDir })) compress(join(outDir, file))
    const sources = [...ownSources(), ...imported.map((id) => relative(ROOT, id))].filter(isSource)
    const hashes = Object.fromEntries(sources.sort().map((file) => [file, hashOf(file)]))
    writeFileSync(join(outDir, 'sources.json'), JSON.stringify(hashes))
    replace(outDir)
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}

/** Two builds may end at once: the later one stays. */
function replace(outDir: string): void {
  for (;;)
    try {
      rmSync(DIST, { recursive: true, force: true })
      renameSync(outDir, DIST)
      return
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as { code?: string }).code ?? '')) throw error
    }
}

function isCurrent(): boolean {
  if (!existsSync(SOURCES)) return false
  const built = JSON.parse(readFileSync(SOURCES, 'utf8')) as Record<string, string>
  const files = new Set([...Object.keys(built), ...ownSources()])
  return [...files].every((file) => built[file] !== undefined && hashOf(file) === built[file])
}

function ownSources(): string[] {
  return globSync(OWN, { cwd: ROOT, exclude: ['web/dist/**', 'web/.dist-*/**'] }).filter(isSource)
}

function isSource(file: string): boolean {
  return !/node_modules|\.test\.ts$|^\.\.|\0/.test(file) && existsSync(join(ROOT, file))
}

function hashOf(file: string): string | null {
  const path = join(ROOT, file)
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('base64url') : null
}

function compress(file: string): void {
  const bytes = readFileSync(file)
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }))
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const startedAt = performance.now()
  const isNew = await buildIfChanged()
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  process.stdout.write(isNew ? `The dashboard is built (${seconds} s).\n` : 'The dashboard is up to date.\n')
}
