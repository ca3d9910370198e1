import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { digestCredential } from '../credential/digest.ts'
import { HashRows, INTEGERS, mixOf, NUMBERS } from './hash-rows.ts'

/** Digests that begin at the same slot, differ late, or hold any byte; and as many as make the table grow. */
const digest = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((n) => `${'\0'.repeat(4)}${String.fromCharCode(n).repeat(12)}`),
  fc.integer({ min: 0, max: 40 }).map((n) => `${String.fromCharCode(0xd800, n)}${'\uffff'.repeat(14)}`),
  fc.integer({ min: 0, max: 2_000 }).map((n) => digestCredential(`${n}`)),
)

test('whatever is added and removed, it finds what a Map finds, with the same numbers', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('add' as const), digest, value: fc.double({ noNaN: true }) }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), digest }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('find' as const), digest }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const rows = new HashRows()
      const model = new Map<string, { place: number; value: number }>()
      for (const step of steps) {
        const known = model.get(step.digest)
        assert.equal(rows.find(step.digest), known?.place ?? -1)
        if (step.do === 'add' && known === undefined) {
          const place = rows.add(step.digest)
          for (let field = 0; field < NUMBERS; field++) assert.equal(rows.number(place, field), 0)
          for (let field = 0; field < INTEGERS; field++) assert.equal(rows.integer(place, field), 0)
          rows.setNumber(place, NUMBERS - 1, step.value)
          rows.setInteger(place, INTEGERS - 1, place - 5)
          model.set(step.digest, { place, value: step.value })
        } else if (step.do === 'remove' && known !== undefined) {
          rows.remove(known.place)
          model.delete(step.digest)
        }
        assert.equal(rows.size, model.size)
      }
      for (const [digest, { place, value }] of model) {
        assert.equal(rows.find(digest), place)
        assert.equal(rows.number(place, NUMBERS - 1), value)
        assert.equal(rows.integer(place, INTEGERS - 1), place - 5)
      }
    }),
    { numRuns: 300 },
  )
})

test('rows that went are not found again when the table grows, and all others are', () => {
  const rows = new HashRows()
  const digests = Array.from({ length: 5_000 }, (_, n) => digestCredential(`${n}`))
  for (const digest of digests.slice(0, 700)) rows.add(digest)
  for (const digest of digests.slice(0, 500)) rows.remove(rows.find(digest))
  for (const digest of digests.slice(600, 700)) rows.remove(rows.find(digest))
  for (const digest of digests.slice(700)) rows.add(digest)
  assert.equal(rows.size, 4_400)
  const isThere = (at: number) => (at >= 500 && at < 600) || at >= 700
  for (const [at, digest] of digests.entries()) assert.equal(rows.find(digest) !== -1, isThere(at), `${at}`)
  assert.equal(new Set(digests.filter((_, at) => isThere(at)).map((digest) => rows.find(digest))).size, 4_400)
})

test('it holds a hundred thousand, at less than 100 bytes each, and gives up the places of those that go', () => {
  const rows = new HashRows()
  const digests = Array.from({ length: 100_000 }, (_, n) => digestCredential(`${n}`))
  for (const [at, digest] of digests.entries()) assert.equal(rows.add(digest), at)
  assert.ok(rows.bytes < 100 * rows.size, `${rows.bytes / rows.size}`)
  for (const [at, digest] of digests.entries()) assert.equal(rows.find(digest), at)
  for (const digest of digests) rows.remove(rows.find(digest))
  assert.equal(rows.size, 0)
  for (const digest of digests) assert.equal(rows.find(digest), -1)
  for (const digest of digests) rows.add(digest)
  assert.equal(rows.places, 100_000)
  rows.clear()
  assert.equal(rows.find(digests[0] ?? ''), -1)
  assert.equal(rows.size, 0)
})

/** A digest with these first two words, and the rest of another. */
const crafted = (first: number, second: number, rest: string) =>
  String.fromCharCode(first & 0xffff, first >>> 16, second & 0xffff, second >>> 16) +
  digestCredential(rest).slice(4)

/** Slots that are looked at to find each of some digests once, in a table of so many slots. */
function probesOf(digests: readonly string[], slots: number): number {
  const taken = new Uint8Array(slots)
  let probes = 0
  for (const digest of digests) {
    let slot = mixOf(digest) & (slots - 1)
    for (probes += 1; taken[slot] === 1; probes += 1) slot = (slot + 1) & (slots - 1)
    taken[slot] = 1
  }
  return probes
}

test('OPS-08: digests that a client has chosen for the bits that they share spread as any others do', () => {
  const count = 11_500
  const slots = 1 << 15
  const names = Array.from({ length: count }, (_, n) => `${n}`)
  const word = (n: number, of: string) => digestCredential(`${n}${of}`).charCodeAt(0)
  const families: Record<string, string[]> = {
    'the same low 14 bits': names.map((name, n) => crafted(word(n, 'a') << 14, word(n, 'b'), name)),
    'the same low 14 bits of both words': names.map((name, n) =>
      crafted(word(n, 'a') << 14, word(n, 'b') << 14, name),
    ),
    'the same first word': names.map((name, n) => crafted(7, word(n, 'b') | (word(n, 'c') << 16), name)),
    'one after the other': names.map((name, n) => crafted(n, 0, name)),
    'one after the other, in the high bits': names.map((name, n) => crafted(n << 18, n, name)),
  }
  const usual = probesOf(
    names.map((name) => digestCredential(name)),
    slots,
  )
  assert.ok(usual < count * 1.5)
  for (const [what, digests] of Object.entries(families))
    assert.ok(probesOf(digests, slots) < count * 3, `${what}: ${probesOf(digests, slots)}`)
})
