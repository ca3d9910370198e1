import type { Tx } from '../db/schema.ts'

/**
 * Locks the findings of the holder that one of them is about, until the transaction ends: of two remedies of one holder
 * the second waits, and finds what the first has left. In the order of their ids.
 */
export async function lockFindingsBeside(tx: Tx, id: string): Promise<void> {
  await tx
    .selectFrom('findings')
    .select('id')
    .where('holder_id', '=', (eb) => eb.selectFrom('findings').select('holder_id').where('id', '=', id))
    .orderBy('id')
    .forUpdate()
    .execute()
}
