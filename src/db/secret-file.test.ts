import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { secretBeside } from './secret-file.ts'

describe('the secret beside an embedded database', () => {
  let directory: string
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'doorward-secret-'))
  })
  after(() => rmSync(directory, { recursive: true }))

  it('STO-01: is created once, readable by its owner alone, and stays the same', () => {
    // Left behind by an interrupted start, with permissions that are too wide.
    writeFileSync(join(directory, 'doorward.secret.new'), 'half')
    chmodSync(join(directory, 'doorward.secret.new'), 0o644)
    const first = secretBeside(directory)
    assert.equal(Buffer.from(first.reveal(), 'base64').length, 32)
    assert.deepEqual(readdirSync(directory), ['doorward.secret'])
    assert.equal(statSync(join(directory, 'doorward.secret')).mode & 0o777, 0o600)
    assert.equal(secretBeside(directory).reveal(), first.reveal())
    assert.equal(`${first}`, '[secret]')
  })

  it('stops the start if the file holds no secret, instead of making another', () => {
    const path = join(directory, 'doorward.secret')
    writeFileSync(path, 'short\n')
    assert.throws(() => secretBeside(directory), /must contain a secret of at least 32 bytes/)
    assert.equal(readFileSync(path, 'utf8'), 'short\n')
  })
})
