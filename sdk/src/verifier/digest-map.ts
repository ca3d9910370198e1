import { HashRows } from './hash-rows.ts'

/**
 * What a `Map` is, by digest, for what comes and goes. A `Map` would first look each digest up among all texts that the
 * process knows, which costs several times as much as finding it here.
 */
export class DigestMap<Value> {
  readonly #rows = new HashRows()
  /** By place; undefined where nobody is. */
  readonly #values: (Value | undefined)[] = []

  get size(): number {
    return this.#rows.size
  }

  get(digest: string): Value | undefined {
    const place = this.#rows.find(digest)
    return place === -1 ? undefined : this.#values[place]
  }

  set(digest: string, value: Value): void {
    const place = this.#rows.find(digest)
    this.#values[place === -1 ? this.#rows.add(digest) : place] = value
  }

  delete(digest: string): void {
    const place = this.#rows.find(digest)
    if (place === -1) return
    this.#rows.remove(place)
    this.#values[place] = undefined
  }

  /** In no particular order. */
  values(): Value[] {
    return this.#values.filter((value) => value !== undefined)
  }
}
