import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commonPasswords } from './common-passwords.ts'
import { MAX_PASSWORD, whyNotDisableUser, whyNotEnableUser, whyUnsuitable } from './user.ts'

const EMAIL = 'archer@acme.example'
const KNOWN = { passwords: await commonPasswords(), words: ['doorward', 'parcelia'] }

describe('a password', () => {
  for (const password of [
    'two brown owls tap',
    'zwölf Eulen 🦉 im Turm',
    'correcthorsebatterystaple',
    'Tr0ub4dor&3 x by night',
    'password of my old dog',
    'monkey business 4 us',
    '731948206573910',
    'x7x7x7long tail of words',
    'b'.padEnd(MAX_PASSWORD, 'a quiet afternoon by the sea '),
  ])
    it(`CON-01: can be "${password.slice(0, 30)}", of any characters and without rules for them`, () => {
      assert.equal(whyUnsuitable(password, EMAIL, KNOWN), null)
    })

  const refused: [password: string, why: RegExp][] = [
    ['', /at least 15/],
    ['short', /at least 15/],
    ['fourteen chars', /at least 15/],
    ['🦉'.repeat(14), /at least 15/],
    ['y'.repeat(MAX_PASSWORD + 1), /at most 128/],
    ['aaaaaaaaaaaaaaa', /different/],
    ['abababababababab', /different/],
    ['archer@acme.example', /e-mail/],
    ['my archer@acme.example!', /e-mail/],
    ['Archer-Archer-1', /e-mail/],
    ['passwordpassword1', /easy to guess/],
    ['123456123456123456', /easy to guess/],
    ['qwertyuiopasdfg', /easy to guess/],
    ['abcdefgh12345678', /easy to guess/],
    ['qwer1234asdf5678', /easy to guess/],
    ['password12345678', /easy to guess/],
    ['Password1234567890', /easy to guess/],
    ['1234567Password', /easy to guess/],
    ['P4ssw0rd!!2026!!', /easy to guess/],
    ['Basketball2026!', /easy to guess/],
    ['qwerty123456789', /easy to guess/],
    ['1qaz2wsx3edc4rfv', /easy to guess/],
    ['polniypizdec0211', /easy to guess/],
    ['Doorward2026!Acme', /our name/],
    ['doorward-12345678', /our name/],
    ['Parcelia2026!!!', /our name/],
  ]
  for (const [password, why] of refused)
    it(`CON-02: cannot be "${password.slice(0, 30)}"`, () => {
      assert.match(whyUnsuitable(password, EMAIL, KNOWN) ?? 'none', why)
    })
})

it('KEY-15: a user is disabled once, and enabled once', () => {
  const disabledAt = new Date('2030-01-01T00:00:00.000Z')
  assert.equal(whyNotDisableUser({ disabledAt: null }), null)
  assert.deepEqual(whyNotDisableUser({ disabledAt }), { code: 'already_disabled', at: disabledAt })
  assert.equal(whyNotEnableUser({ disabledAt }), null)
  assert.deepEqual(whyNotEnableUser({ disabledAt: null }), { code: 'not_disabled' })
})
