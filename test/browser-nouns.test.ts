import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { kindOf } from './boundaries.ts'
import { importsOf } from './imports.ts'

/** Packages of the workspace that a noun may import, with their files. */
const PURE_PACKAGES: Readonly<Record<string, string>> = { '@doorward/sdk/rules': 'sdk/src/rules.ts' }

/** Every module that a bundle of these files would hold, with the file that imports it first. */
function reachableFrom(files: readonly string[]): Map<string, string> {
  const reached = new Map(files.map((file) => [file, file]))
  for (const file of reached.keys()) {
    if (!file.endsWith('.ts')) continue
    // An `import { type A }` is kept by `verbatimModuleSyntax`, and so counts; an `import type` is erased.
    for (const { name, typeOnly } of importsOf(file).modules) {
      const path = PURE_PACKAGES[name] ?? name
      if (!typeOnly && !reached.has(path)) reached.set(path, file)
    }
  }
  return reached
}

describe('nouns in a browser', () => {
  const nouns = globSync('src/**/*.ts').filter(
    (file) => !file.endsWith('.test.ts') && kindOf(file) === 'noun',
  )

  it('load without Node: nothing but nouns, src/base and the pure rules of the SDK is reachable', () => {
    assert.ok(nouns.length > 15)
    const foreign = [...reachableFrom(nouns)].filter(
      ([path]) => !nouns.includes(path) && !/^(src\/base|sdk\/src)\/.*\.ts$/.test(path),
    )
    assert.deepEqual(foreign, [])
  })

  it('use no global of Node', () => {
    const withGlobals = [...reachableFrom(nouns).keys()].filter((file) =>
      /\b(Buffer|process|setImmediate|__dirname)\b[.([]/.test(withoutComments(readFileSync(file, 'utf8'))),
    )
    assert.deepEqual(withGlobals, [])
  })
})

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
}
