import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Time of one file, if only its tests wait; its whole process has more. */
const FILE_TIMEOUT_MS = 600_000

/** A process of test files, by the module that imports them. */
export interface FileGroup {
  readonly entry: string
  /** Absolute paths. */
  readonly files: readonly string[]
  /** True where another process finds the processor free meanwhile. */
  readonly mostlyWaits: boolean
}

/** Files that alter or watch their process, start others, or take long, have a process of their own. */
const ALONE_BY_NAME =
  /^(test\/(faults|attacks|interop|forward-auth|dashboard)\/|examples\/|bench\/|web\/)|-pages?\.db\.test\.ts$/
const ALONE_BY_TEXT =
  /\bprocess\.|\bglobalThis\b|\bmock\b|child_process|worker_threads|node:v8|from '[^']*(server-process|chromium|postgres|redis|tls-server)\.ts'/
/** Files that mostly wait: for a fault to last, or for a revocation's bound to pass. */
const WAITS =
  /^test\/faults\/(arrival|clocks-apart|database-down|feed-broken|paused|postgres-stopped|quotas-stopped|redis|usage-once)\.|^examples\/key-life\.|^src\/outbound\/guarded-fetch-hostile\./
/** Files that take longest begin first, so that none of them runs alone at the end. */
const LONG =
  /^(sdk\/packed|examples\/start|test\/attacks\/|test\/dashboard\/|test\/(oauth|sign-in|staff)-pages|test\/faults\/(kill|oauth-kill|start-stop|workers))/
/** For reports that are on their way. */
const GRACE_MS = 1_000
/** Bounds the memory that one process gathers. */
const FILES_IN_GROUP = 12

/**
 * Divides test files into processes. Loading and warming up the server costs more than most files' tests, so files share
 * it where they cannot disturb each other.
 *
 * @param directory for the modules that import the files
 * @param paths relative to the working directory
 */
export function groupFiles(directory: string, paths: readonly string[]): FileGroup[] {
  const isAlone = (path: string) =>
    ALONE_BY_NAME.test(path) || WAITS.test(path) || ALONE_BY_TEXT.test(readFileSync(path, 'utf8'))
  const absolute = (path: string) => join(process.cwd(), path)
  const alone = paths.filter(isAlone)
  const isLong = (path: string) => LONG.test(path)
  const [long, short] = [alone.filter(isLong), alone.filter((path) => !isLong(path))]
  const together = paths.filter((path) => !isAlone(path)).map(absolute)
  const count = Math.ceil(together.length / FILES_IN_GROUP)
  // Neighbours are alike, in time too, so they are dealt out.
  const shared = Array.from({ length: count }, (_, n) => together.filter((_, at) => at % count === n))
  const each = (some: readonly string[]) => some.map((path) => [absolute(path)])
  return [...each(long), ...shared, ...each(short)].map((files, n) => {
    const entry = join(directory, `group-${n}.mjs`)
    writeFileSync(entry, moduleOf(files))
    const mostlyWaits = files.every((file) => WAITS.test(relative(process.cwd(), file)))
    return { entry, files, mostlyWaits }
  })
}

/**
 * The module of a group: a suite for each file, so that its hooks are for its own tests. The last test ends the process where
 * something keeps it alive. The runner's own `forceExit` ends it while files are still being imported.
 */
function moduleOf(files: readonly string[]): string {
  const suites = files.map((file) => {
    const url = JSON.stringify(pathToFileURL(file).href)
    return `describe(${JSON.stringify(file)}, { timeout }, async () => void (await import(${url})))\n`
  })
  const end = `it('ends', () => void setTimeout(() => process.exit(), ${GRACE_MS}).unref())\n`
  return `import { describe, it } from 'node:test'\n\nconst timeout = ${FILE_TIMEOUT_MS}\n${suites.join('')}${end}`
}
