/**
 * Refuses an older Node when the SDK is loaded, not at the first request. Every entry point imports this first: a module
 * that is evaluated earlier could fail with another message.
 *
 * 22.12 is the first Node in which `require()` loads an ES module. The newest functions that the SDK needs are
 * `zlib.crc32` (22.2), `URL.parse` (22.1) and `Promise.withResolvers` (22.0). Bun and Deno report the Node version that
 * they emulate.
 */
const OLDEST = { major: 22, minor: 12 }

/** Returns why the SDK cannot run on a version of Node, or null. */
export function whyNotOn(version: string | undefined): string | null {
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version ?? '')?.map(Number) ?? []
  const needed = `@doorward/sdk needs Node ${OLDEST.major}.${OLDEST.minor} or later`
  if (major === undefined || minor === undefined) return `${needed}; this is not Node.`
  const isOlder = major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor)
  return isOlder ? `${needed}; this is Node ${version}.` : null
}

const why = whyNotOn(globalThis.process?.versions?.node)
if (why !== null) throw new Error(why)
