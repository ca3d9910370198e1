import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { digestCredential } from '../credential/digest.ts'
import {
  DigestTable,
  type Float64Field,
  INTEGERS,
  type Int32Field,
  mixOf,
  NUMBERS,
  type Slot,
} from './digest-table.ts'

const LAST_NUMBER = (NUMBERS - 1) as Float64Field
const LAST_INTEGER = (INTEGERS - 1) as Int32Field

/** Digests with the same home bucket, late differences or any byte, and enough of them to grow the table. */
const digest = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((n) => `${'\0'.repeat(4)}${String.fromCharCode(n).repeat(12)}`),
  fc.integer({ min: 0, max: 40 }).map((n) => `${String.fromCharCode(0xd800, n)}${'\uffff'.repeat(14)}`),
  fc.integer({ min: 0, max: 2_000 }).map((n) => digestCredential(`${n}`)),
)

test('for any additions and removals, finds what a Map finds, with the same numbers', () => {
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
      const table = new DigestTable()
      const model = new Map<string, { slot: Slot; value: number }>()
      for (const step of steps) {
        const known = model.get(step.digest)
        assert.equal(table.find(step.digest), known?.slot ?? -1)
        if (step.do === 'add' && known === undefined) {
          const slot = table.add(step.digest)
          for (let field = 0; field < NUMBERS; field++)
            assert.equal(table.number(slot, field as Float64Field), 0)
          for (let field = 0; field < INTEGERS; field++)
            assert.equal(table.integer(slot, field as Int32Field), 0)
          table.setNumber(slot, LAST_NUMBER, step.value)
          table.setInteger(slot, LAST_INTEGER, slot - 5)
          model.set(step.digest, { slot, value: step.value })
        } else if (step.do === 'remove' && known !== undefined) {
          table.remove(known.slot)
          model.delete(step.digest)
        }
        assert.equal(table.size, model.size)
      }
      for (const [digest, { slot, value }] of model) {
        assert.equal(table.find(digest), slot)
        assert.equal(table.number(slot, LAST_NUMBER), value)
        assert.equal(table.integer(slot, LAST_INTEGER), slot - 5)
      }
    }),
    { numRuns: 300 },
  )
})

test('removed rows are not found again when the table grows, and all others are', () => {
  const table = new DigestTable()
  const digests = Array.from({ length: 5_000 }, (_, n) => digestCredential(`${n}`))
  for (const digest of digests.slice(0, 700)) table.add(digest)
  for (const digest of digests.slice(0, 500)) table.remove(table.find(digest))
  for (const digest of digests.slice(600, 700)) table.remove(table.find(digest))
  for (const digest of digests.slice(700)) table.add(digest)
  assert.equal(table.size, 4_400)
  const isThere = (at: number) => (at >= 500 && at < 600) || at >= 700
  for (const [at, digest] of digests.entries()) assert.equal(table.find(digest) !== -1, isThere(at), `${at}`)
  assert.equal(
    new Set(digests.filter((_, at) => isThere(at)).map((digest) => table.find(digest))).size,
    4_400,
  )
})

test('holds a hundred thousand rows, at less than 100 bytes each, and reuses the slots of removed ones', () => {
  const table = new DigestTable()
  const digests = Array.from({ length: 100_000 }, (_, n) => digestCredential(`${n}`))
  for (const [at, digest] of digests.entries()) assert.equal(table.add(digest), at)
  assert.ok(table.bytes < 100 * table.size, `${table.bytes / table.size}`)
  for (const [at, digest] of digests.entries()) assert.equal(table.find(digest), at)
  for (const digest of digests) table.remove(table.find(digest))
  assert.equal(table.size, 0)
  for (const digest of digests) assert.equal(table.find(digest), -1)
  for (const digest of digests) table.add(digest)
  assert.equal(table.slots, 100_000)
  table.clear()
  assert.equal(table.find(digests[0] ?? ''), -1)
  assert.equal(table.size, 0)
})

/** A digest with these first two words and another's rest. */
const crafted = (first: number, second: number, rest: string) =>
  String.fromCharCode(first & 0xffff, first >>> 16, second & 0xffff, second >>> 16) +
  digestCredential(rest).slice(4)

/** The buckets that are probed to find each of some digests once, in a table of so many buckets. */
function probesOf(digests: readonly string[], buckets: number): number {
  const taken = new Uint8Array(buckets)
  let probes = 0
  for (const digest of digests) {
    let bucket = mixOf(digest) & (buckets - 1)
    for (probes += 1; taken[bucket] === 1; probes += 1) bucket = (bucket + 1) & (buckets - 1)
    taken[bucket] = 1
  }
  return probes
}

test('OPS-08: prevents hash flooding: digests chosen for shared bits spread as any others do', () => {
  const count = 11_500
  const buckets = 1 << 15
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
    buckets,
  )
  assert.ok(usual < count * 1.5)
  for (const [what, digests] of Object.entries(families))
    assert.ok(probesOf(digests, buckets) < count * 3, `${what}: ${probesOf(digests, buckets)}`)
})
