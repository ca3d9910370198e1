import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

const files = globSync('{src,sdk/src}/**/*.ts', { exclude: ['**/node_modules/**', '**/dist/**'] })
  .filter((file) => !/\.(test|fixture|suite)\.ts$/.test(file))
  .map((file) => ({ file, text: readFileSync(file, 'utf8') }))

/** Every match of a pattern, with its file. */
function found(pattern: RegExp): string[] {
  return files.flatMap(({ file, text }) => [...text.matchAll(pattern)].map(([match]) => `${file}: ${match}`))
}

describe('cryptography', () => {
  it('uses SHA-256, HMAC with SHA-256, AES-256-GCM and scrypt of node:crypto, and nothing else (CRY-01)', () => {
    assert.ok(files.length > 200)
    const primitives = found(
      /\b(createHash|createHmac|createCipheriv|createDecipheriv|createSign|createVerify|hash)\(\s*'[^']*'/g,
    )
    assert.ok(primitives.length > 8)
    assert.deepEqual(
      primitives.filter(
        (each) =>
          !/(createHash|createHmac|hash)\(\s*'sha256'|Cipheriv\('aes-256-gcm'|Decipheriv\('aes-256-gcm'/.test(
            each,
          ),
      ),
      [],
    )
  })

  it('uses Math.random only to spread reconnections, reports and checks, never for a secret or an id (CRY-02)', () => {
    const uses = new Set(found(/Math\.random/g).map((each) => each.split(':')[0]))
    assert.deepEqual([...uses].sort(), [
      'sdk/src/autopilot/autopilot.ts',
      'sdk/src/source/applied-reports.ts',
      'sdk/src/source/http-feed.ts',
      'src/verification/changes.routes.ts',
    ])
  })

  it('compares presented secrets with stored ones in constant time (CRY-03)', () => {
    const comparing = new Set(found(/\btimingSafeEqual\(/g).map((each) => each.split(':')[0]))
    assert.deepEqual([...comparing].sort(), [
      'src/management/idempotency.ts',
      'src/oauth/tokens/grant-types/authorization-code.ts',
      'src/pages/csrf-token.ts',
      'src/staff/factors/passkey-challenge.ts',
      'src/users/hash-password.ts',
    ])
  })
})
