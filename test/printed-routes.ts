/** Paths with POST in the tree that Fastify prints. */
export function postPathsOf(tree: string): string[] {
  const found: string[] = []
  const above: string[] = []
  for (const line of tree.split('\n')) {
    const [, indent = '', name = '', methods] = /^([│ ]*)[├└]── (\S+)(?: \((.*)\))?/.exec(line) ?? []
    if (name === '') continue
    const depth = indent.length / 4
    above.splice(depth)
    above[depth] = name
    const isPost = methods?.split(', ').includes('POST') === true
    if (isPost) found.push(above.join('').replace(/^(?!\/)/, '/'))
  }
  return found
}
