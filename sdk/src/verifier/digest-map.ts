import { DigestTable, NO_SLOT } from './digest-table.ts'

/**
 * A `Map` by digest, for short-lived entries. A `Map` of V8 would first intern each digest, which costs several times as
 * much as finding it here.
 */
export class DigestMap<Value> {
  readonly #table = new DigestTable()
  /** By slot; undefined where there is no row. */
  readonly #values: (Value | undefined)[] = []

  get size(): number {
    return this.#table.size
  }

  get(digest: string): Value | undefined {
    const slot = this.#table.find(digest)
    return slot === NO_SLOT ? undefined : this.#values[slot]
  }

  set(digest: string, value: Value): void {
    const slot = this.#table.find(digest)
    this.#values[slot === NO_SLOT ? this.#table.add(digest) : slot] = value
  }

  delete(digest: string): void {
    const slot = this.#table.find(digest)
    if (slot === NO_SLOT) return
    this.#table.remove(slot)
    this.#values[slot] = undefined
  }

  /** In no particular order. */
  values(): Value[] {
    return this.#values.filter((value) => value !== undefined)
  }
}
