import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { mintCredential } from '@doorward/sdk/kernel'
import { readConfig } from '../../src/config.ts'
import { VARIABLES, type Variable } from '../../src/config-variables.ts'
import { configurationPage } from './configuration-page.ts'

describe('docs/configuration.md', () => {
  const variables: [name: string, variable: Variable][] = Object.entries(VARIABLES)
  /** Settings that others need beside them. */
  const beside = {
    DATABASE_URL: 'postgres://localhost/doorward',
    DOORWARD_SECRET: 'x'.repeat(32),
    DOORWARD_MAIL_FROM: 'keys@example.com',
  }
  const faultsOf = (name: string, value: string) => {
    const config = readConfig({ ...beside, [name]: value })
    return 'faults' in config ? config.faults : []
  }

  it('is made from the table of variables', () => {
    assert.equal(
      readFileSync('docs/configuration.md', 'utf8'),
      configurationPage(),
      'docs/configuration.md differs from src/config-variables.ts: run `npm run docs`',
    )
  })

  it('has an example that the reader accepts for every variable', () => {
    const secrets: Readonly<Record<string, string>> = {
      DOORWARD_ADMIN_KEY: mintCredential('admin_key').reveal(),
      DOORWARD_SECRET: beside.DOORWARD_SECRET,
    }
    for (const [name, { example }] of variables) {
      assert.deepEqual(faultsOf(name, secrets[name] ?? example.replace('…', 'secret')), [], name)
    }
  })

  it('has the range that the reader enforces for every number', () => {
    for (const [name, { type, range }] of variables) {
      assert.equal(type === 'number', range !== undefined, name)
      if (range === undefined) continue
      const [least, most] = range
      for (const value of range) assert.deepEqual(faultsOf(name, String(value)), [], name)
      for (const value of [least - 1, most + 1]) assert.notDeepEqual(faultsOf(name, String(value)), [], name)
    }
  })
})
