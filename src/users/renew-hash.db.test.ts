import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hashPassword as oldHash } from 'better-auth/crypto'
import type { TestApp } from '../../test/app.ts'
import { makeUser, openListening, PASSWORD, signedInJar } from '../../test/sign-in.ts'
import { hashPassword } from './hash-password.ts'
import { BY_MANAGEMENT } from './password-queue.ts'
import { openPasswords } from './prove-password.ts'
import { findPasswordHash, replacePasswordHash, setPasswordHash } from './user.store.ts'

describe('a password that was hashed with less work than today', () => {
  let app: TestApp
  let origin: string
  before(async () => {
    ;({ app, origin } = await openListening())
  })
  after(() => app.close())

  const store = (id: string, hash: string) =>
    app.db.transaction().execute((tx) => setPasswordHash(tx, id, hash, app.clock.now()))
  const setAt = async (id: string) => (await app.call('GET', `/v1/users/${id}`)).body.password_set_at

  for (const [name, hash] of [
    ['by ourselves', () => hashPassword(PASSWORD, 8)],
    ['by better-auth', () => oldHash(PASSWORD)],
  ] as const)
    it(`CON-04: ${name}, is hashed again when its user signs in, once, and keeps the time at which it was set`, async () => {
      const email = `${name.replaceAll(' ', '.')}@acme.example`
      const id = await makeUser(app, email)
      await store(id, await hash())
      const before = await setAt(id)
      app.clock.advance({ seconds: 60 })
      await signedInJar(origin, email)
      const renewed = await findPasswordHash(app.db, id)
      assert.match(renewed ?? '', /^scrypt\$10\$8\$1\$/)
      await signedInJar(origin, email)
      assert.equal(await findPasswordHash(app.db, id), renewed)
      assert.equal(await setAt(id), before)
    })

  it('CON-04: never replaces a password that was set meanwhile', async () => {
    const id = await makeUser(app, 'ann@acme.example')
    const [old, other] = [await hashPassword(PASSWORD, 8), await hashPassword('another one entirely', 8)]
    await store(id, other)
    const passwords = openPasswords({ db: app.db, serverSecret: null, publicUrl: origin, logN: 10 })
    const to = (await passwords.rehash(BY_MANAGEMENT, PASSWORD, old)) ?? ''
    await replacePasswordHash(app.db, id, { from: old, to })
    assert.equal(await findPasswordHash(app.db, id), other)
  })
})
