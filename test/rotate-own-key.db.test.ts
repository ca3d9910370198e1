import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { RotationRefusedError, rotateOwnKey, type Secret } from '@doorward/sdk'
import { fileStore, type SecretStore, startAutopilot } from '@doorward/sdk/autopilot'
import { hashCredential } from '@doorward/sdk/kernel'
import { openTestApp, type TestApp } from './app.ts'
import { startProgram } from './autopilot-process.ts'
import { eventually } from './eventually.ts'

let app: TestApp
let url: string
let folder: string
before(async () => {
  app = await openTestApp()
  url = await app.app.listen({ port: 0, host: '127.0.0.1' })
  folder = await mkdtemp(join(tmpdir(), 'doorward-autopilot-'))
})
after(async () => {
  await app.close()
  await rm(folder, { recursive: true })
})

const newKey = (more: Record<string, unknown> = {}) => app.keyFor('org_1', { self_rotation: true, ...more })
const works = async (secret: string) =>
  (await app.call('GET', '/v1/self', undefined, { as: secret })).status === 200

describe('rotateOwnKey() of the SDK', () => {
  it('KEY-11: stores the new secret while both work, and returns the end of the overlap', async () => {
    const { id, secret } = await newKey()
    let stored: Secret | undefined
    const done = await rotateOwnKey({
      url,
      secret,
      store: async (fresh) => {
        assert.deepEqual([await works(secret), await works(fresh.reveal())], [true, true])
        stored = fresh
      },
    })
    assert.equal(done.keyId, id)
    assert.equal(done.secret.reveal(), stored?.reveal())
    assert.equal(Number(done.overlapEndsAt) - app.clock.nowMs(), 24 * 3600 * 1000)
    assert.equal(done.expiresAt, null)
    assert.ok(await works(secret))
  })

  it('KEY-11: gets the same secret again after a crash before it was stored', async () => {
    const { id, secret } = await newKey()
    const lost: string[] = []
    const store = (fresh: Secret) => {
      lost.push(fresh.reveal())
      throw new Error('the disk is full')
    }
    await assert.rejects(rotateOwnKey({ url, secret, store }), /the disk is full/)
    const done = await rotateOwnKey({ url, secret, store: () => {} })
    assert.equal(done.secret.reveal(), lost[0])
    assert.equal((await app.call('GET', `/v1/keys/${id}`)).body.secrets.length, 2)
  })

  it('KEY-11: with `finish`, ends the old secret only after the new one is stored', async () => {
    const { secret } = await newKey()
    const done = await rotateOwnKey({
      url,
      secret,
      finish: true,
      store: async () => assert.ok(await works(secret)),
    })
    assert.equal(done.overlapEndsAt, null)
    assert.deepEqual([await works(secret), await works(done.secret.reveal())], [false, true])
  })

  it('KEY-11: stores nothing if the rotation was undone meanwhile', async () => {
    const { id, secret } = await newKey()
    await rotateOwnKey({ url, secret, store: () => {} })
    assert.equal((await app.call('POST', `/v1/keys/${id}/rotation/undo`)).status, 200)
    const store = () => assert.fail('a secret that does not work')
    await assert.rejects(rotateOwnKey({ url, secret, store }), { code: 'invalid_token' })
    assert.ok(await works(secret))
  })

  it('MGT-03: gives the reason of a refusal without the secret', async () => {
    const { secret } = await newKey({ self_rotation: false })
    await assert.rejects(rotateOwnKey({ url, secret, store: () => {} }), (error) => {
      assert.ok(error instanceof RotationRefusedError)
      assert.equal(error.code, 'insufficient_permission')
      assert.ok(!error.message.includes(secret))
      return true
    })
  })
})

describe('the autopilot of the SDK', () => {
  const ASKED = { auto_rotate_after_days: 30, lifetime_seconds: 90 * 24 * 3600 }
  /** A key that is to rotate itself, with its secret in a file. */
  const newFlying = async (text = (secret: string) => `${secret}\n`, mode = 0o600) => {
    const key = await newKey(ASKED)
    const file = join(folder, key.id, 'secret')
    await mkdir(dirname(file))
    await writeFile(file, text(key.secret), { mode, encoding: 'latin1' })
    return { ...key, file }
  }
  const secretIn = async (file: string) => (await readFile(file, 'utf8')).trim()
  const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8)
  const statesOf = async (id: string): Promise<string[]> =>
    (await app.call('GET', `/v1/keys/${id}`)).body.secrets.map(({ state }: { state: string }) => state)
  const quietly = { checkEveryMs: 1e12, rereadEveryMs: 1e12 }

  it('KEY-11: programs that never restart lose no request while their key is rotated twice', async (t) => {
    const verify = async (credential: string) =>
      (await app.call('POST', '/v1/verify', { credential, client_ip: '203.0.113.9' })).body.valid as boolean
    const api = createServer(async (request, response) => {
      const credential = String(request.headers.authorization).slice('Bearer '.length)
      response.writeHead((await verify(credential)) ? 200 : 401).end()
    })
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    t.after(() => api.close())
    const address = api.address()
    assert.ok(typeof address === 'object' && address !== null)
    const shared = await newFlying()
    const line = (secret: string) => `# the shop\r\nexport SHOP_KEY="${secret}" # of orders\r\nOTHER=\xe9\r\n`
    const single = await newFlying(line, 0o640)
    const settings = { url, api: `http://127.0.0.1:${address.port}/` }
    const programs = await Promise.all([
      startProgram({ ...settings, file: shared.file }),
      startProgram({ ...settings, file: shared.file }),
      startProgram({ ...settings, file: single.file, variable: 'SHOP_KEY' }),
    ])
    t.after(() => Promise.all(programs.map((program) => program.stop())))
    const checkAll = async () =>
      assert.deepEqual(await Promise.all(programs.map((program) => program.check())), [true, true, true])

    let [ofShared, ofSingle] = [shared.secret, single.secret]
    for (let rotation = 0; rotation < 2; rotation++) {
      const old = [ofShared, ofSingle]
      app.clock.advance({ days: 30 })
      await checkAll()
      ofShared = await secretIn(shared.file)
      ofSingle = /"(.*)"/.exec(await readFile(single.file, 'latin1'))?.[1] ?? ''
      assert.ok(ofShared !== old[0] && ofSingle !== old[1])
      assert.equal(await readFile(single.file, 'latin1'), line(ofSingle))
      assert.deepEqual([await modeOf(shared.file), await modeOf(single.file)], ['600', '640'])
      // Each sends one request after another: none with the old secret is under way once one with the new is answered.
      const inUse = [ofShared, ofShared, ofSingle].map((secret) => hashCredential(secret))
      await eventually(() => programs.map(({ calls }) => calls.at(-1)?.used), inUse)
      await checkAll()
      assert.deepEqual([await works(old[0] ?? ''), await works(old[1] ?? '')], [true, true])
      app.clock.advance({ hours: 2 })
      await checkAll()
      assert.deepEqual([await works(old[0] ?? ''), await works(old[1] ?? '')], [false, false])
      const seen = programs.map(({ calls }) => calls.length)
      await eventually(() => programs.every(({ calls }, n) => calls.length > (seen[n] ?? 0) + 3), true)
    }
    for (const { calls, errors } of programs) {
      assert.deepEqual(errors, [])
      assert.deepEqual([...new Set(calls.map(({ status }) => status))], [200])
      assert.equal(new Set(calls.map(({ used }) => used)).size, 3)
    }
    assert.equal((await app.call('GET', `/v1/keys/${shared.id}`)).body.secrets.length, 3)
  })

  const STEPS: readonly (readonly [killAt: string, downHours: number])[] = [
    ['after /v1/self/rotate', 0],
    ['before it is stored', 23],
    ['before it is stored', 25],
    ['before the rename', 0],
    ['after it is stored', 25],
    ['before /v1/self/rotation/finish', 0],
    ['after /v1/self/rotation/finish', 0],
  ]
  for (const [killAt, downHours] of STEPS)
    it(`KEY-11: a program that is killed ${killAt} and down for ${downHours} h goes on, and its secret works`, async () => {
      const { id, secret, file } = await newFlying()
      app.clock.advance({ days: 30 })
      const dying = await startProgram({ url, file, killAt })
      if (await dying.check()) {
        app.clock.advance({ hours: 2 })
        assert.equal(await dying.check(), false, `it was not killed ${killAt}: ${dying.errors}`)
      }
      await dying.stop()
      assert.ok(await works(await secretIn(file)))
      app.clock.advance({ hours: downHours })
      const errors: unknown[] = []
      const onError = (error: unknown) => errors.push(error)
      const next = await startAutopilot({ url, store: fileStore(file), onError, ...quietly })
      await next.check()
      app.clock.advance({ hours: 2 })
      await next.check()
      await next.close()
      assert.deepEqual(errors, [])
      const stored = await secretIn(file)
      assert.deepEqual([await works(stored), await works(secret), stored === secret], [true, false, false])
      assert.deepEqual((await statesOf(id)).filter((state) => state !== 'ended').length, 1)
      assert.equal(await modeOf(file), '600')
    })

  const refusing = (file: string, fault: () => boolean): SecretStore => {
    const inner = fileStore(file)
    return {
      read: inner.read,
      write: async (secret) => {
        if (fault()) throw new Error('the disk is full')
        await inner.write(secret)
      },
    }
  }

  it('KEY-11: while the store refuses to write, the old secret works to its own end, and nothing is finished', async () => {
    const { id, secret, file } = await newFlying()
    const errors: string[] = []
    let isFull = true
    app.clock.advance({ days: 30 })
    const store = refusing(file, () => isFull)
    const onError = (error: unknown) => errors.push(String(error))
    const autopilot = await startAutopilot({ url, store, onError, ...quietly })
    for (let day = 0; day < 20; day++) {
      await autopilot.check()
      assert.equal(autopilot.current().reveal(), secret)
      assert.ok(await works(secret))
      app.clock.advance({ days: 1 })
    }
    assert.ok(errors.length >= 20)
    // A check of its own, after an error, may have asked on one day and got the answer on the next.
    for (const error of errors) assert.match(error, /the disk is full|rotation_running/)
    isFull = false
    await autopilot.check()
    assert.equal(autopilot.current().reveal(), await secretIn(file))
    assert.ok(await works(await secretIn(file)))
    assert.equal((await statesOf(id)).filter((state) => state !== 'ended').length, 2)
    await autopilot.close()
    assert.ok(!errors.some((error) => error.includes('sk_')))
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('.')),
      [],
    )
  })

  it('KEY-11: while the server is away, the secret at hand stays, and the next check makes up for it', async () => {
    const { secret, file } = await newFlying()
    let isAway = true
    const errors: unknown[] = []
    const autopilot = await startAutopilot({
      ...{ url, store: fileStore(file), ...quietly },
      fetch: async (target, init) => {
        if (isAway) throw new TypeError('fetch failed')
        return await fetch(target, init)
      },
      onError: (error) => errors.push(error),
    })
    app.clock.advance({ days: 30 })
    await autopilot.check()
    assert.equal(autopilot.current().reveal(), secret)
    assert.ok(errors.length > 0)
    isAway = false
    await autopilot.check()
    assert.notEqual(autopilot.current().reveal(), secret)
    await autopilot.close()
  })

  it('KEY-11: leaves an operator’s rotation alone, and says so; a key that is not asked to is not rotated', async () => {
    const { id, secret, file } = await newFlying()
    const errors: string[] = []
    const onError = (error: unknown) => errors.push(String(error))
    app.clock.advance({ days: 30 })
    const made = await app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 9 * 24 * 3600 })
    const autopilot = await startAutopilot({ url, store: fileStore(file), onError, ...quietly })
    app.clock.advance({ days: 2 })
    await autopilot.check()
    assert.match(String(errors.at(-1)), /put the new secret in the store/)
    assert.deepEqual([await works(secret), await works(made.body.secret)], [true, true])
    await writeFile(file, made.body.secret)
    await autopilot.check()
    assert.equal(autopilot.current().reveal(), made.body.secret)
    await app.call('PATCH', `/v1/keys/${id}`, { auto_rotate_after_days: null })
    app.clock.advance({ days: 40 })
    await autopilot.check()
    assert.match(String(errors.at(-1)), /set its `auto_rotate_after_days`/)
    assert.equal(await secretIn(file), made.body.secret)
    await autopilot.close()
  })

  it('KEY-11: a rotation that is undone while its secret is stored leaves the old one in the store', async () => {
    const { id, secret, file } = await newFlying()
    const errors: string[] = []
    app.clock.advance({ days: 30 })
    const inner = fileStore(file)
    const store: SecretStore = {
      read: inner.read,
      write: async (fresh) => {
        await inner.write(fresh)
        await app.call('POST', `/v1/keys/${id}/rotation/undo`)
      },
    }
    const onError = (error: unknown) => errors.push(String(error))
    const autopilot = await startAutopilot({ url, store, onError, ...quietly })
    await autopilot.check()
    assert.match(String(errors[0]), /invalid_token/)
    assert.deepEqual([await secretIn(file), autopilot.current().reveal()], [secret, secret])
    assert.ok(await works(secret))
    await autopilot.close()
  })

  it('KEY-11: without a secret in the store it does not start, and shows nothing of what is there', async () => {
    const file = join(folder, 'other')
    for (const text of ['', 'sk_live_nothing', app.adminKey, 'two words'])
      await assert.rejects(
        async () => {
          await writeFile(file, text)
          await startAutopilot({ url, store: fileStore(file) })
        },
        (error) => !String(error).includes(text === '' ? 'sk_' : text),
      )
  })
})
