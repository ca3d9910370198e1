import assert from 'node:assert/strict'
import { type KyselyPlugin, RawNode, SelectQueryNode, sql } from 'kysely'
import type { Db } from '../src/db/schema.ts'

interface Plan {
  readonly 'Node Type': string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly Plans?: readonly Plan[]
}

/** Rows that a plan read from tables and indexes, filtered ones included. */
function examined(plan: Plan): number {
  const below = (plan.Plans ?? []).reduce((sum, each) => sum + examined(each), 0)
  if (!plan['Node Type'].includes('Scan')) return below
  const passedOver = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0)
  return below + (plan['Actual Rows'] + passedOver) * plan['Actual Loops']
}

const options = sql`analyze`.toOperationNode()

/** Wraps a database to count rows: each statement is explained instead of answered. */
export function explaining(db: Db): { db: Db; total: () => number } {
  let total = 0
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      if (SelectQueryNode.is(node))
        return { ...node, explain: { kind: 'ExplainNode', format: 'json', options } }
      assert.ok(RawNode.is(node))
      const [first = '', ...rest] = node.sqlFragments
      return { ...node, sqlFragments: [`explain (analyze, format json) ${first}`, ...rest] }
    },
    transformResult: async ({ result }) => {
      const [answer] = result.rows as { 'QUERY PLAN': string | [{ Plan: Plan }] }[]
      const plan = answer?.['QUERY PLAN'] ?? assert.fail('no plan')
      total += examined((typeof plan === 'string' ? JSON.parse(plan) : plan)[0].Plan)
      return { rows: [] }
    },
  }
  return { db: db.withPlugin(plugin), total: () => total }
}
