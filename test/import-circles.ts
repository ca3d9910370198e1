import type { Imports } from './imports.ts'

/** Import circles, type-only imports included: each as the files of one strongly connected component (Tarjan). */
export function importCircles(files: readonly Imports[]): string[][] {
  const graph = new Map(files.map(({ file, modules }) => [file, modules.map(({ name }) => name)]))
  const order = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []

  const visit = (file: string): number => {
    const own = order.size
    let low = own
    order.set(file, own)
    open.push(file)
    for (const next of graph.get(file) ?? []) {
      if (!graph.has(next)) continue
      if (!order.has(next)) low = Math.min(low, visit(next))
      else if (open.includes(next)) low = Math.min(low, order.get(next) ?? low)
    }
    if (low === own) {
      const circle = open.splice(open.indexOf(file)).sort()
      if (circle.length > 1 || graph.get(file)?.includes(file)) circles.push(circle)
    }
    return low
  }
  for (const file of graph.keys()) if (!order.has(file)) visit(file)
  return circles
}
