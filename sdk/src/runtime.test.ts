import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { whyNotOn } from './runtime.ts'

test('SUP-08: refuses an older Node, naming the required and the present version', () => {
  for (const version of ['22.12.0', '22.23.5', '23.0.0', '24.0.0', '26.10.0', '100.0.0'])
    assert.equal(whyNotOn(version), null)
  for (const version of ['22.11.0', '22.2.0', '20.20.2', '18.20.8', '9.99.0'])
    assert.equal(whyNotOn(version), `@doorward/sdk needs Node 22.12 or later; this is Node ${version}.`)
  for (const version of [undefined, '', 'unknown', '22'])
    assert.equal(whyNotOn(version), '@doorward/sdk needs Node 22.12 or later; this is not Node.')
})

test('SUP-08: every entry point but the rules checks the version first, and the manifest names the same one', () => {
  const sdk = join(import.meta.dirname, '..')
  const { exports, engines } = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8'))
  assert.equal(engines.node, '>=22.12')
  for (const [name, source] of Object.entries<string>(exports)) {
    // Browsers load the rules, and have no version of Node.
    if (name === './rules') continue
    const [first] = readFileSync(join(sdk, source), 'utf8').match(/^(import|export) .*$/m) ?? []
    assert.equal(first, "import './runtime.ts'", source)
  }
})
