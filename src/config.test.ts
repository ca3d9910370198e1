import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readConfig } from './config.ts'
import { VARIABLES, type Variable } from './config-variables.ts'

describe('the table of variables', () => {
  const variables: [name: string, variable: Variable][] = Object.entries(VARIABLES)

  it('has for each variable a default, or says what happens without a value', () => {
    for (const [name, variable] of variables)
      assert.equal(variable.default === undefined, variable.otherwise !== undefined, name)
  })

  it('has defaults that the reader accepts, and uses where a variable is missing or empty', () => {
    const defaults = variables.flatMap(([name, variable]) =>
      variable.default === undefined ? [] : [[name, variable.default]],
    )
    const unset = readConfig({})
    assert.ok(!('faults' in unset))
    assert.deepEqual(readConfig(Object.fromEntries(defaults)), unset)
    assert.deepEqual(readConfig(Object.fromEntries(variables.map(([name]) => [name, '']))), unset)
  })

  it('is what the names are checked against', () => {
    const read = readConfig({ DOORWARD_BRANDS: 'acme', DOORWARD_URL: 'https://doorward.example' })
    assert.deepEqual(read, {
      faults: ['DOORWARD_BRANDS is not a setting of Doorward; did you mean DOORWARD_BRAND?'],
    })
  })
})
