export interface Order {
  readonly id: string
  /** The owner of the key that created it. */
  readonly ownerId: string
  readonly customer: string
  readonly item: string
  /** In cents. */
  readonly amount: number
  readonly status: 'open' | 'shipped' | 'delivered'
  readonly createdAt: Date
}

export type NewOrder = Pick<Order, 'customer' | 'item' | 'amount'>

/** The orders of all owners, in memory. Every query names the owner, so that no answer can contain another's orders. */
export class OrderBook {
  readonly #orders = new Map(seedOrders().map((order) => [order.id, order]))
  #lastNumber = FIRST_NUMBER + SEEDED - 1

  /** Lists orders, newest first, after the order `after`. */
  list(ownerId: string, limit: number, after: string | undefined): readonly Order[] {
    return [...this.#orders.values()]
      .filter((order) => order.ownerId === ownerId && (after === undefined || order.id < after))
      .sort((one, other) => (one.id < other.id ? 1 : -1))
      .slice(0, limit)
  }

  find(ownerId: string, id: string): Order | undefined {
    const order = this.#orders.get(id)
    return order?.ownerId === ownerId ? order : undefined
  }

  add(ownerId: string, { customer, item, amount }: NewOrder, now: Date): Order {
    const id = `ord_${++this.#lastNumber}`
    const order: Order = { id, ownerId, customer, item, amount, status: 'open', createdAt: now }
    this.#orders.set(id, order)
    return order
  }

  /** @returns false where there is none */
  remove(ownerId: string, id: string): boolean {
    return this.find(ownerId, id) !== undefined && this.#orders.delete(id)
  }
}

export function toOrderWire({ ownerId, createdAt, ...order }: Order) {
  return { ...order, owner_id: ownerId, created_at: createdAt.toISOString() }
}

const SEEDED = 300
const FIRST_NUMBER = 100_001
const FIRST_AT = Date.UTC(2026, 0, 5, 8)
const EVERY_MS = 7 * 3600 * 1000

const CUSTOMERS = {
  org_acme: ['Rosa Diaz', 'Kofi Mensah', 'Ingrid Holm', 'Tomas Novak', 'Leila Haddad'],
  org_globex: ['Marcus Webb', 'Yuki Tanaka', 'Amara Okafor'],
} as const
const ITEMS = [
  ['Desk lamp', 4_900],
  ['Office chair', 18_900],
  ['Notebook, ruled', 650],
  ['Standing desk', 42_000],
  ['Whiteboard', 7_400],
  ['Monitor arm', 9_900],
  ['Coat rack', 3_200],
] as const

/** The same at each start: three of five are acme's, the others globex's. */
function seedOrders(): Order[] {
  return Array.from({ length: SEEDED }, (_, at): Order => {
    const ownerId = at % 5 < 3 ? 'org_acme' : 'org_globex'
    const [item, price] = nth(ITEMS, at * 3)
    return {
      id: `ord_${FIRST_NUMBER + at}`,
      ownerId,
      customer: nth(CUSTOMERS[ownerId], at * 7),
      item,
      amount: price * (1 + ((at * 5) % 4)),
      status: at < SEEDED - 40 ? 'delivered' : at < SEEDED - 15 ? 'shipped' : 'open',
      createdAt: new Date(FIRST_AT + at * EVERY_MS),
    }
  })
}

function nth<T>(list: readonly T[], at: number): T {
  const found = list[at % list.length]
  if (found === undefined) throw new RangeError('the list is empty')
  return found
}
