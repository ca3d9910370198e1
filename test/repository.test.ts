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

describe('the repository', () => {
  it('SUP-01: the lockfile has an integrity for every package, and names no host', () => {
    assert.ok(locked.length > 100)
    for (const [path, { integrity, resolved }] of locked) {
      assert.match(integrity ?? '', /^sha512-/, path)
      assert.equal(resolved, undefined, path)
    }
  })

  it('SUP-03: nothing that runs in production has an install script', () => {
    const scripted = locked.filter(([, entry]) => entry.hasInstallScript === true && entry.dev !== true)
    assert.deepEqual(
      scripted.map(([path]) => path),
      [],
    )
  })

  it('SUP-03: every dependency is justified in docs/dependencies.md', () => {
    const said = readFileSync('docs/dependencies.md', 'utf8')
    for (const file of ['package.json', 'sdk/package.json']) {
      const { dependencies, devDependencies, optionalDependencies } = JSON.parse(readFileSync(file, 'utf8'))
      for (const name of Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }))
        assert.ok(said.includes(`\`${name}\``), `docs/dependencies.md says nothing about ${name}`)
    }
  })

  it('SUP-03: the SDK depends on nothing', () => {
    const sdk = JSON.parse(readFileSync('sdk/package.json', 'utf8'))
    assert.equal(sdk.dependencies, undefined)
  })

  it('MGT-31: the server makes no Date of a text or a number but in the files that look at it first', () => {
    const may = ['src/base/moment.ts', 'src/db/moments.ts']
    const files = tracked.filter((file) => /^src\/.*\.ts$/.test(file) && !/\.(test|fixture)\.ts$/.test(file))
    const makes = files.filter((file) => /new Date\((?!\))|Date\.parse\(/.test(readFileSync(file, 'utf8')))
    assert.deepEqual(
      makes.filter((file) => !may.includes(file)),
      [],
      'use readMoment or toMoment for text, momentAt or addSeconds for numbers',
    )
  })

  it('SUP-05: no tracked file holds a real credential', () => {
    for (const file of tracked)
      for (const [text] of readFileSync(file, 'latin1').matchAll(/[a-z][a-z0-9_]*_[0-9A-Za-z]{49}/g))
        assert.ok(!isWellFormed(text), `${file} holds ${text.slice(0, 12)}…`)
  })

  it('every relative link in the documents leads somewhere', () => {
    const documents = tracked.filter((file) => file.endsWith('.md'))
    assert.ok(documents.length > 5)
    for (const file of documents)
      for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(
        /\]\((?!https?:|mailto:|#)([^)#\s]+)/g,
      ))
        assert.ok(existsSync(join(dirname(file), target)), `${file} links to ${target}`)
  })
})
