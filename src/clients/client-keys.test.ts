import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { keysFor, readKeySet } from './client-keys.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed = generateKeyPairSync('ed25519')
const [EC, RSA, ED] = [ec, rsa, ed].map(({ publicKey }) => publicKey.export({ format: 'jwk' }))
const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })

const fault = (value: unknown) => {
  const read = readKeySet(value)
  return 'fault' in read ? read.fault : null
}

describe('key sets of clients', () => {
  it('public keys for signatures are kept, with the members that are known', () => {
    const sent = { ...EC, kid: 'a', use: 'sig', alg: 'ES256', x5c: ['x'], key_ops: ['verify'], note: 'hello' }
    assert.deepEqual(readKeySet({ keys: [sent, RSA, ED], more: 1 }), {
      keys: [{ ...EC, kid: 'a', use: 'sig', alg: 'ES256' }, RSA, ED],
    })
  })

  it('REG-12: a private key is refused, and so is a shared secret, wherever it stands', () => {
    for (const { privateKey } of [ec, rsa, ed])
      assert.match(
        fault({ keys: [RSA, privateKey.export({ format: 'jwk' })] }) ?? '',
        /key at 1 is a private key/,
      )
    for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
      assert.match(fault({ keys: [{ ...EC, [name]: 'x' }] }) ?? '', /is a private key/)
    assert.match(fault({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }) ?? '', /shared secret/)
    assert.match(fault({ keys: [{ kty: 'oct' }] }) ?? '', /shared secret/)
  })

  for (const [what, value, says] of [
    ['nothing', undefined, /JWK Set/],
    ['a list', [EC], /JWK Set/],
    ['a key alone', EC, /JWK Set/],
    ['no keys', { keys: [] }, /1 to 10/],
    ['eleven keys', { keys: Array(11).fill(EC) }, /1 to 10/],
    ['null', { keys: [null] }, /is not an object/],
    ['a number as a member', { keys: [{ ...EC, kid: 7 }] }, /`kid` that is not a string/],
    ['a key for encryption', { keys: [{ ...EC, use: 'enc' }] }, /not for signatures/],
    ['another algorithm than the key is for', { keys: [{ ...EC, alg: 'RS256' }] }, /cannot be used/],
    ['HMAC', { keys: [{ ...EC, alg: 'HS256' }] }, /cannot be used/],
    ['another curve', { keys: [p384] }, /cannot be used/],
    ['a kind that nobody knows', { keys: [{ kty: 'XX' }] }, /cannot be used/],
    ['a short RSA key', { keys: [small] }, /has 1024 bits/],
    ['a point that is on no curve', { keys: [{ ...EC, x: EC?.y, y: EC?.x }] }, /do not fit together/],
    ['no numbers', { keys: [{ kty: 'EC', crv: 'P-256' }] }, /do not fit together/],
    [
      'one kid twice',
      {
        keys: [
          { ...EC, kid: 'a' },
          { ...RSA, kid: 'a' },
        ],
      },
      /same `kid`/,
    ],
  ] as const)
    it(`REG-12: ${what} is refused`, () => assert.match(fault(value) ?? '', says))

  it('a signature is tried with the keys of its algorithm and kid only', () => {
    const set = readKeySet({ keys: [{ ...EC, kid: 'a' }, { ...RSA, kid: 'b' }, ED] })
    if ('fault' in set) throw new Error(set.fault)
    const found = (...asked: [Parameters<typeof keysFor>[1], string?]) =>
      keysFor(set, asked[0], asked[1]).map((key) => key.asymmetricKeyType)
    assert.deepEqual(found('ES256'), ['ec'])
    assert.deepEqual(found('ES256', 'a'), ['ec'])
    assert.deepEqual(found('ES256', 'b'), [])
    assert.deepEqual(found('RS256', 'b'), ['rsa'])
    assert.deepEqual(found('EdDSA', 'anything'), ['ed25519'])
    assert.deepEqual(found('Ed25519'), ['ed25519'])
  })
})
