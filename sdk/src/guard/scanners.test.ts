import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { mintCredential } from '../credential/credential.ts'
import { CREDENTIAL_MARKS, type CredentialKind } from '../credential/credential-format.ts'

test('the guide’s expression for secret scanners finds every kind of credential in text', () => {
  const guide = readFileSync(new URL('../../../docs/guides/protect-an-api.md', import.meta.url), 'utf8')
  const expression = /```text\n(\(\?<!.+)\n```/.exec(guide)?.[1] ?? ''
  const finds = (text: string) => [...text.matchAll(new RegExp(expression, 'g'))].map(([found]) => found)
  for (const kind of Object.keys(CREDENTIAL_MARKS) as CredentialKind[])
    for (const brand of [null, 'acme', 'acme_corp2']) {
      const place = { brand, environment: kind === 'admin_key' ? null : 'live' }
      const text = mintCredential(kind, place).reveal()
      for (const around of ['@', '"@"', "key='@';", 'a=@&b', 'Bearer @\n', '/@/', '<@>', '(@)', '-@-'])
        assert.deepEqual(finds(around.replace('@', text)), [text], around)
      assert.deepEqual(finds(text.slice(0, -1)), [])
    }
})
