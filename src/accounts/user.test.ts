import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_PASSWORD, whyUnsuitable } from './user.ts'

const EMAIL = 'archer@acme.example'

describe('a password', () => {
  for (const password of [
    'two brown owls tap',
    'zwölf Eulen 🦉 im Turm',
    'correcthorsebatterystaple',
    'Tr0ub4dor&3 x',
    'x7x7x7long tail of words',
    'b'.padEnd(MAX_PASSWORD, 'a quiet afternoon by the sea '),
  ])
    it(`CON-01: can be "${password.slice(0, 30)}", of any characters and without rules for them`, () => {
      assert.equal(whyUnsuitable(password, EMAIL), null)
    })

  const refused: [password: string, why: RegExp][] = [
    ['', /at least 12/],
    ['short', /at least 12/],
    ['eleven char', /at least 12/],
    ['🦉'.repeat(11), /at least 12/],
    ['y'.repeat(MAX_PASSWORD + 1), /at most 128/],
    ['aaaaaaaaaaaa', /different/],
    ['ababababababab', /different/],
    ['archer@acme.example', /e-mail/],
    ['my archer@acme.example!', /e-mail/],
    ['Archer-Archer-1', /e-mail/],
    ['passwordpassword1', /guessed first/],
    ['123456123456', /guessed first/],
    ['qwertyuiopas', /guessed first/],
  ]
  for (const [password, why] of refused)
    it(`CON-02: cannot be "${password.slice(0, 30)}"`, () => {
      assert.match(whyUnsuitable(password, EMAIL) ?? 'none', why)
    })
})
