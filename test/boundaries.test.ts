import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { brokenBoundaries, SRC } from './boundaries.ts'
import { buriedOpeners } from './comment-openers.ts'
import { importCircles } from './import-circles.ts'
import { importsOf } from './imports.ts'

const files = globSync('{src,sdk/src,examples,web}/**/*.{ts,tsx}', {
  exclude: ['**/dist/**', '**/node_modules/**'],
}).sort()

const isTest = (file: string) => /\.(test|suite|fixture)\.ts$/.test(file)
const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n').length - 1

describe('the floor plan', () => {
  it('every import goes down', () => {
    assert.ok(files.length > 50)
    assert.deepEqual(brokenBoundaries(files.map((file) => importsOf(file))), [])
  })

  const broken: [file: string, source: string, fault: RegExp][] = [
    ['src/keys/x.ts', "import { a } from '../verification/y.ts'", /imports go down only/],
    ['src/keys/x.ts', "import { a } from '../oauth/y.ts'", /imports go down only/],
    ['src/db/x.ts', "export { a } from '../http/y.ts'", /imports go down only/],
    ['src/owners/x.ts', "const a = await import('../scopes/y.ts')", /imports go down only/],
    ['src/keys/x.ts', "import { a } from '../helpers/y.ts'", /no room helpers/],
    ['src/keys/x.ts', "import { readConfig } from '../config.ts'", /handed in/],
    ['src/keys/key.ts', "import { a } from './key.store.ts'", /a noun knows nouns only/],
    ['src/keys/key.ts', "import { a } from '@doorward/sdk/kernel'", /a noun runs in a browser/],
    ['src/keys/key.store.ts', "import { a } from './create-key.ts'", /a store is below/],
    ['src/keys/create-key.ts', "import { a } from './key.routes.ts'", /routes are on top/],
    ['src/keys/create-key.ts', "import { sql } from 'kysely'", /only/],
    ['src/keys/create-key.ts', "import { Type } from 'typebox'", /only/],
    ['src/keys/key.store.ts', "import pg from 'pg'", /only/],
    ['src/keys/x.ts', "import { a } from '../../sdk/src/verdict/scope.ts'", /package name/],
    ['src/keys/x.ts', "import { a } from '../audit/append-events.ts'", /only/],
    ['src/keys/x.ts', "import { a } from '../changes/announce.store.ts'", /only/],
    ['src/oauth/grants/x.ts', "import { a } from '../tokens/y.ts'", /imports go down only/],
    ['src/oauth/tokens/x.ts', "import { a } from '../authorize/y.ts'", /imports go down only/],
    ['src/clients/x.ts', "import { a } from './registration/y.ts'", /imports go down only/],
    ['sdk/src/verdict/x.ts', "import { a } from '../verifier/y.ts'", /imports go down only/],
    ['sdk/src/x.ts', "import { a } from 'kysely'", /no dependencies/],
    ['sdk/src/fastify.ts', "import { a } from 'fastify'", /no dependencies/],
    ['examples/x.ts', "import { a } from '../src/app.ts'", /a client/],
    ['src/keys/x.ts', "import { a } from '../../web/src/paths.ts'", /does not know the dashboard/],
    ['web/src/keys/x.tsx', "import { a } from '../../../src/keys/key.wire.ts'", /nouns, and types/],
    ['web/src/keys/x.tsx', "import type { A } from '../../../src/keys/key.store.ts'", /nouns, and types/],
    ['web/src/keys/x.tsx', "import { a } from '@doorward/sdk/kernel'", /not for browsers/],
    ['web/src/keys/x.tsx', "import { a } from 'node:fs'", /not for browsers/],
    ['web/src/keys/x.tsx', "import { a } from '../owners/owners.page.tsx'", /only queries/],
    ['web/src/ui/x.tsx', "import { a } from '../keys/keys.queries.ts'", /imports go down only/],
    ['web/src/api/x.ts', "import { a } from '../ui/page.tsx'", /imports go down only/],
  ]
  for (const [file, source, fault] of broken)
    it(`refuses ${file} with: ${source}`, () => {
      const [found = ''] = brokenBoundaries([importsOf(file, source)])
      assert.match(found, fault)
      assert.ok(found.startsWith(file))
    })

  it('the management pipeline names no kind of credential', () => {
    const kinds = /admin[_ -]?keys?|api[_ -]?keys?|session|\b(ak|sk|at|cs)_/i
    // Permissions name their subject, and one column is named after the first kind of caller.
    const allowed = /'admin_keys:(read|write)'.*|\badmin_key_id\b|API keys/g
    const named = files
      .filter((file) => file.startsWith('src/management/') && !file.includes('.test.'))
      .filter((file) => file !== 'src/management/permission.ts')
      .filter((file) => kinds.test(readFileSync(file, 'utf8').replace(allowed, '')))
    assert.deepEqual(named, [])
  })

  it('is the one that ARCHITECTURE.md shows', () => {
    const [, table = ''] = readFileSync('ARCHITECTURE.md', 'utf8').split(/^## (?:Floors|Rooms)$/m)
    const rows = [...table.matchAll(/^\| [a-zA-Z ]+ \| (`[^|]+`) \|/gm)].map(([, rooms = '']) => rooms)
    const floors = rows.flatMap((row) => row.split(' / ')).map((floor) => floor.match(/[a-z-]+/g))
    assert.deepEqual(floors, [...SRC, ['sdk']])
  })

  it('has no import circle, type-only imports included', () => {
    assert.deepEqual(importCircles(files.filter((file) => !isTest(file)).map((file) => importsOf(file))), [])
  })

  it('finds an import circle', () => {
    const circle = [
      importsOf('src/a.ts', "import type { B } from './b.ts'"),
      importsOf('src/b.ts', "import { c } from './c.ts'"),
      importsOf('src/c.ts', "import { a } from './a.ts'"),
      importsOf('src/d.ts', "import { a } from './a.ts'"),
    ]
    assert.deepEqual(importCircles(circle), [['src/a.ts', 'src/b.ts', 'src/c.ts']])
  })

  it('the environment is read in one place', () => {
    const readers = files.filter(
      (file) => !file.includes('.test.') && /process\.env/.test(readFileSync(file, 'utf8')),
    )
    assert.deepEqual(
      readers.filter((file) => file.startsWith('src/') || file.startsWith('sdk/')),
      ['src/main.ts'],
    )
  })

  it('has doc comments that open with a verb or the noun', () => {
    const buried = files.flatMap((file) => buriedOpeners(file, readFileSync(file, 'utf8')))
    assert.deepEqual(buried, [])
    assert.equal(buriedOpeners('a.ts', '/** The key. */\n/** What it does. */').length, 1)
  })

  it('no file but a test is over 300 lines', () => {
    const styles = globSync('{src,web/src}/**/*.css')
    const long = [...files, ...styles].filter((file) => !isTest(file) && linesOf(file) > 300)
    assert.deepEqual(long, [])
  })

  it('no file is over 400 lines, nine in ten are at most 250', (t) => {
    const lines = files.map((file) => linesOf(file)).sort((a, b) => a - b)
    const at = (share: number) => lines[Math.floor((lines.length - 1) * share)] ?? 0
    t.diagnostic(`${lines.length} files, median ${at(0.5)}, nine in ten ${at(0.9)}, longest ${at(1)} lines`)
    assert.ok(at(1) <= 400)
    assert.ok(at(0.9) <= 250)
  })
})
