import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { mintCredential } from '../credential/credential.ts'
import { findInEnv } from './env-file.ts'
import { envFileStore } from './env-file-store.ts'
import { fileStore } from './file-store.ts'

const [OLD, NEW] = [
  mintCredential('api_key', { environment: 'live' }).reveal(),
  mintCredential('api_key', { environment: 'live' }),
]

let folder = ''
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'doorward-stores-'))
})
after(() => rm(folder, { recursive: true }))
const fileOf = async (name: string, text: string, mode = 0o644) => {
  const file = path.join(folder, name)
  await writeFile(file, text, 'latin1')
  await chmod(file, mode)
  return file
}
const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8)

describe('fileStore', () => {
  for (const [what, text, after] of [
    ['alone', OLD, NEW.reveal()],
    ['with a newline', `${OLD}\n`, `${NEW.reveal()}\n`],
    ['with space around it', ` ${OLD}\r\n`, ` ${NEW.reveal()}\r\n`],
    ['not there yet', '', NEW.reveal()],
  ] as const)
    it(`KEY-11: replaces a secret ${what}, with mode 0600`, async () => {
      const file = await fileOf('secret', text)
      assert.equal(await fileStore(file).read(), text.trim())
      await fileStore(file).write(NEW)
      assert.equal(await readFile(file, 'utf8'), after)
      assert.equal(await modeOf(file), '600')
    })

  it('makes a file that is missing, and keeps a link as a link', async () => {
    const file = path.join(folder, 'missing')
    await fileStore(file).write(NEW)
    assert.deepEqual([await readFile(file, 'utf8'), await modeOf(file)], [`${NEW.reveal()}\n`, '600'])
    const link = path.join(folder, 'link')
    await symlink(file, link)
    await writeFile(file, OLD)
    await fileStore(link).write(NEW)
    assert.equal(await readFile(file, 'utf8'), NEW.reveal())
  })

  it('writes nothing over a file that holds more, and leaves nothing behind where it fails', async () => {
    const file = await fileOf('more', `KEY=${OLD}\nOTHER=1\n`)
    await assert.rejects(async () => await fileStore(file).write(NEW), /a file of its own/)
    await assert.rejects(
      async () => await fileStore(path.join(folder, 'none', 'secret')).write(NEW),
      /ENOENT/,
    )
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('.')),
      [],
    )
  })

  it('removes what a killed process left behind, not what another one is writing', async () => {
    const file = await fileOf('shared', OLD)
    const [stale, fresh] = [await fileOf('.shared.doorward-1', OLD), await fileOf('.shared.doorward-2', OLD)]
    const longAgo = new Date(Date.now() - 3_600_000)
    await utimes(stale, longAgo, longAgo)
    await fileStore(file).write(NEW)
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('.')),
      [path.basename(fresh)],
    )
    await rm(fresh)
  })
})

describe('envFileStore', () => {
  for (const [line, after = line.replace('old', NEW.reveal())] of [
    ['SHOP_KEY=old'],
    ['  export SHOP_KEY = old'],
    [`SHOP_KEY='old' # "of orders"`],
    ['SHOP_KEY="old"\r'],
    ['SHOP_KEY=', `SHOP_KEY=${NEW.reveal()}`],
  ] as const)
    it(`KEY-11: replaces the variable of ${JSON.stringify(line)}`, async () => {
      const around = (own: string) => `# \xff\r\nNOT_SHOP_KEY=old\n${own}\nSHOP_KEY_2=old`
      const file = await fileOf('.env', around(line), 0o640)
      await envFileStore(file, 'SHOP_KEY').write(NEW)
      assert.equal(await readFile(file, 'latin1'), around(after))
      assert.equal(await modeOf(file), '640')
    })

  for (const [what, text, reason] of [
    ['that is missing', 'OTHER=1\n', /SHOP_KEY is not there/],
    ['in a comment', '# SHOP_KEY=old\n', /is not there/],
    ['that is there twice', 'SHOP_KEY=old\nexport SHOP_KEY=other\n', /is there twice/],
    ['with a reference', 'SHOP_KEY=$OTHER\n', /something else/],
    ['with quotes that do not close', 'SHOP_KEY="old\n', /something else/],
    ['with several words', 'SHOP_KEY=old words\n', /something else/],
  ] as const)
    it(`refuses a variable ${what}, and changes nothing`, async () => {
      const file = await fileOf('refused', text)
      await assert.rejects(async () => await envFileStore(file, 'SHOP_KEY').write(NEW), reason)
      await assert.rejects(async () => await envFileStore(file, 'SHOP_KEY').read(), reason)
      assert.equal(await readFile(file, 'latin1'), text)
    })

  it('refuses a name that no variable has', () => {
    assert.throws(() => envFileStore('.env', 'A.*'), TypeError)
  })

  it('of any text changes the value alone, or refuses', () => {
    const piece = fc.constantFrom(
      'K',
      '=',
      'a',
      '"',
      "'",
      ' ',
      '\t',
      '#',
      '\r\n',
      '\n',
      'export ',
      '$',
      '\\',
      '\xe9',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('')
        const found = findInEnv(text, 'K')
        if (typeof found === 'string') return
        assert.equal(found.before + found.value + found.after, text)
        assert.match(found.value, /^[\w-]*$/)
        const again = findInEnv(`${found.before}new${found.after}`, 'K')
        assert.deepEqual(again, { ...found, value: 'new' })
      }),
    )
  })
})
