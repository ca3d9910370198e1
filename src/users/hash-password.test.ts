import assert from 'node:assert/strict'
import { it } from 'node:test'
import { hashPassword as oldHash } from 'better-auth/crypto'
import { hashPassword, isPassword, PASSWORD_LOG_N } from './hash-password.ts'

const PASSWORD = 'two brown owls tap'

it('CON-04: hashes a password by scrypt with N = 2^17, r = 8, p = 1, and a new salt each time', async () => {
  assert.equal(PASSWORD_LOG_N, 17)
  const [one, other] = [await hashPassword(PASSWORD, PASSWORD_LOG_N), await hashPassword(PASSWORD, 10)]
  assert.match(one, /^scrypt\$17\$8\$1\$[\w-]{22}\$[\w-]{43}$/)
  for (const hash of [one, other]) {
    assert.equal(await isPassword(PASSWORD, hash), true)
    assert.equal(await isPassword(`${PASSWORD} `, hash), false)
  }
  assert.notEqual(await hashPassword(PASSWORD, 10), other)
})

it('CON-04: accepts earlier hashes by better-auth', async () => {
  const hash = await oldHash(PASSWORD)
  assert.equal(await isPassword(PASSWORD, hash), true)
  assert.equal(await isPassword('another one entirely', hash), false)
})

it('CON-01: treats Unicode variants of one password as equal', async () => {
  const hash = await hashPassword('zwo\u0308lf Eulen im Turm', 10)
  assert.equal(await isPassword('zwölf Eulen im Turm', hash), true)
})
