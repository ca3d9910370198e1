import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { isWellFormed } from '@doorward/sdk/kernel'

interface LockedPackage {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, LockedPackage>
}
const locked = Object.entries(lock.packages).filter(
  ([path, entry]) => path.startsWith('node_modules/') && !entry.link,
)
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(file) && statSync(file).isFile())

const documents = tracked.filter((file) => file.endsWith('.md'))

describe('the repository', () => {
  it('SUP-01: has a lockfile with an integrity for every package, and without hosts', () => {
    assert.ok(locked.length > 100)
    for (const [path, { integrity, resolved }] of locked) {
      assert.match(integrity ?? '', /^sha512-/, path)
      assert.equal(resolved, undefined, path)
    }
  })

  it('SUP-03: depends on no package with an install script in production', () => {
    const scripted = locked.filter(([, entry]) => entry.hasInstallScript === true && entry.dev !== true)
    assert.deepEqual(
      scripted.map(([path]) => path),
      [],
    )
  })

  it('SUP-03: justifies every dependency in docs/dependencies.md', () => {
    const justified = readFileSync('docs/dependencies.md', 'utf8')
    for (const file of ['package.json', 'sdk/package.json']) {
      const { dependencies, devDependencies, optionalDependencies } = JSON.parse(readFileSync(file, 'utf8'))
      for (const name of Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }))
        assert.ok(justified.includes(`\`${name}\``), `${name} is missing in docs/dependencies.md`)
    }
  })

  it('SUP-03: has an SDK without dependencies', () => {
    const sdk = JSON.parse(readFileSync('sdk/package.json', 'utf8'))
    assert.equal(sdk.dependencies, undefined)
  })

  it('MGT-31: makes a Date from a text or a number only in the files that check it first', () => {
    const may = ['src/base/moment.ts', 'src/db/moments.ts']
    const files = tracked.filter((file) => /^src\/.*\.ts$/.test(file) && !/\.(test|fixture)\.ts$/.test(file))
    const makes = files.filter((file) => /new Date\((?!\))|Date\.parse\(/.test(readFileSync(file, 'utf8')))
    assert.deepEqual(
      makes.filter((file) => !may.includes(file)),
      [],
      'use readMoment or toMoment for text, momentAt or addSeconds for numbers',
    )
  })

  it('asserts what a browser shows by polling, since a page changes a moment after the click', () => {
    // Within one statement: its other lines are indented.
    const reading =
      /^( *)assert\.\w+\(\s*\(?await ([^\n]|\n\1 )*?\.(count|isChecked|isDisabled|isEnabled|isVisible|textContent|innerText|getAttribute|inputValue)\(|assert\.\w+\(\s*(new URL\()?page\.url\(/m
    const drivers = tracked.filter(
      (file) => /\.test\.ts$/.test(file) && /openDesk|openChromium/.test(readFileSync(file, 'utf8')),
    )
    assert.ok(drivers.length > 5)
    assert.deepEqual(
      drivers.filter((file) => reading.test(readFileSync(file, 'utf8'))),
      [],
      'use test/eventually.ts',
    )
  })

  it('SUP-05: has no real credential in a tracked file', () => {
    for (const file of tracked)
      for (const [text] of readFileSync(file, 'latin1').matchAll(/[a-z][a-z0-9_]*_[0-9A-Za-z]{49}/g))
        assert.ok(!isWellFormed(text), `${file} holds ${text.slice(0, 12)}…`)
  })

  it('has tests that poll for what they expect, and pause for no fixed time', () => {
    const files = tracked.filter((file) =>
      /\.(test|suite|fixture|target|program)\.ts$|^test\/.*\.ts$/.test(file),
    )
    assert.deepEqual(
      files.filter((file) => pausesIn(readFileSync(file, 'utf8')).length > 0).sort(),
      Object.keys(PAUSES).sort(),
      'use test/eventually.ts, a clock of the test, or a promise of the code under test; see PAUSES',
    )
  })

  it('has documents whose relative links lead to an existing file and heading', () => {
    assert.ok(documents.length > 5)
    for (const file of documents)
      for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(
        /\]\((?!https?:|mailto:)([^)\s]+)/g,
      )) {
        const [path = '', heading] = target.split('#')
        const linked = path === '' ? file : join(dirname(file), path)
        assert.ok(existsSync(linked), `${file} links to ${target}`)
        if (heading !== undefined) assert.ok(headingsOf(linked).has(heading), `${file} links to ${target}`)
      }
  })

  it('has documents that name existing files only', () => {
    for (const file of documents.filter((each) => each !== 'CHANGELOG.md'))
      for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(
        /`((?:src|sdk|test|docs|examples|bench)\/[\w./-]+\.[a-z]+)`/g,
      ))
        assert.ok(existsSync(path), `${file} names ${path}`)
  })
})

/** Files that pause outside of a loop that polls, and what for. A pause before an assertion is not a reason. */
const PAUSES: Readonly<Record<string, string>> = {
  'sdk/src/source/http-feed.test.ts': 'a closed feed does not reconnect in a time in which it would',
  'src/base/run-periodically.test.ts': 'a step lasts longer than its interval',
  'src/outbound/guarded-fetch-hostile.test.ts': 'a server resets a connection after a while',
  'test/eventually.ts': 'it polls',
  'test/faults/api-process.ts': 'time-out of an answer',
  'test/faults/feed-broken.db.test.ts': 'a fault lasts as long as a cached record may be used',
  'test/faults/paused.db.test.ts': 'a server is paused for so long',
  'test/faults/postgres-stopped.db.test.ts': 'Postgres is stopped for so long',
  'test/faults/redis.test.ts': 'Redis is not asked for a second after a failure',
  'test/file-groups.ts': 'reports of a process are on their way',
  'test/interop/mcp.db.test.ts': 'time-out of a client',
  'test/mail-server.ts': 'a mail server is slow',
  'test/oauth-pages.db.test.ts': 'Chromium says nothing where it blocks nothing',
  'test/sign-in-pages.db.test.ts': 'Chromium says nothing where nothing shifts',
}

/** The lines of a file that pause, unless one of the seven lines before them begins a loop. */
function pausesIn(text: string): string[] {
  const lines = text.split('\n')
  return lines.filter(
    (line, at) =>
      /\b(sleep|setTimeout|waitForTimeout)\(/.test(line) &&
      !line.includes('socket.setTimeout(') &&
      !lines
        .slice(Math.max(0, at - 7), at + 1)
        .some((each) => /^\s*(\} )?(for|while) \((?!const)/.test(each)),
  )
}

/** The anchors that GitHub generates for the headings of a document. */
function headingsOf(file: string): ReadonlySet<string> {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
