import assert from 'node:assert/strict'
import { type KyselyPlugin, type QueryId, type RootOperationNode, sql } from 'kysely'
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
  const node = plan['Node Type']
  // A subquery's rows were counted where they were read.
  if (!node.includes('Scan') || node === 'Subquery Scan') return below
  const passedOver = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0)
  return below + (plan['Actual Rows'] + passedOver) * plan['Actual Loops']
}

/** Wraps a database to count the rows that its statements examine. Each is answered too: the next may depend on it. */
export function explaining(db: Db): { db: Db; total: () => number } {
  let total = 0
  const nodes = new WeakMap<QueryId, RootOperationNode>()
  const plugin: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      nodes.set(queryId, node)
      return node
    },
    transformResult: async ({ result, queryId }) => {
      const node = nodes.get(queryId) ?? assert.fail('no query')
      const query = db.getExecutor().compileQuery(node, queryId)
      if (query.sql.trimStart().startsWith('explain')) return result
      const explain = sql.raw(`explain (analyze, format json) ${query.sql}`).compile(db)
      const { rows } = await db.executeQuery({ ...explain, parameters: query.parameters })
      const [answer] = rows as { 'QUERY PLAN': string | [{ Plan: Plan }] }[]
      const plan = answer?.['QUERY PLAN'] ?? assert.fail('no plan')
      total += examined((typeof plan === 'string' ? JSON.parse(plan) : plan)[0].Plan)
      return result
    },
  }
  return { db: db.withPlugin(plugin), total: () => total }
}
