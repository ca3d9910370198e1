import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PROBLEMS } from './problem.ts'

test('docs/errors.md has each code of a problem, with its status and title, and no other', () => {
  const rows = Object.entries(PROBLEMS).map(
    ([code, [status, title]]) => `| \`${code}\` | ${status} | ${title} |`,
  )
  const written = readFileSync('docs/errors.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  assert.deepEqual(written, rows)
})
