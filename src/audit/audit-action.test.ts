import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { auditActionsPage } from '../../test/docs/audit-actions-page.ts'
import { allActions, namesOf } from './audit-action.ts'

describe('audit actions', () => {
  const names = allActions().flatMap(({ action, formerNames }) => [action, ...formerNames])

  it('AUD-01: each name is a noun and a past tense, and names one action', () => {
    for (const name of names) assert.match(name, /^[a-z_]{1,40}\.[a-z_]{1,40}$/)
    assert.equal(new Set(names).size, names.length)
  })

  it('AUD-01: each action is recorded somewhere', () => {
    const code = globSync('src/**/*.ts', { exclude: ['**/*.test.ts', 'src/audit/*-actions.ts'] })
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n')
    const rotation = /^(key|admin_key|client)\.(rotated|rotation_finished|rotation_undone)$/
    const unused = allActions().filter(
      ({ action }) => !code.includes(`'${action}'`) && !rotation.test(action),
    )
    assert.deepEqual(unused, [])
  })

  it('either name of a renamed action finds both', () => {
    assert.deepEqual(namesOf('scope.created'), ['scope.created', 'scope.declared'])
    assert.deepEqual(namesOf('scope.declared'), ['scope.created', 'scope.declared'])
    assert.deepEqual(namesOf('key.created'), ['key.created'])
    assert.deepEqual(namesOf('of.nothing'), ['of.nothing'])
  })

  it('docs/audit-actions.md is generated from the table', () => {
    assert.equal(readFileSync('docs/audit-actions.md', 'utf8'), auditActionsPage(), 'run `npm run docs`')
  })
})
