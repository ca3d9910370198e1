import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { importsOf } from './imports.ts'

/** Packages of this repository that browsers load from their source. Any other bare specifier stays as it is. */
const SOURCES: Readonly<Record<string, string>> = { '@doorward/sdk/rules': 'sdk/src/rules.ts' }

/** Every module that a file loads at run time, itself included: paths from the root, else bare specifiers. */
export function moduleGraph(entry: string): readonly string[] {
  const found = new Set<string>()
  const open = [entry]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue
    found.add(file)
    if (!file.endsWith('.ts')) continue
    for (const { name, typeOnly } of importsOf(file).modules) if (!typeOnly) open.push(SOURCES[name] ?? name)
  }
  return [...found]
}

/** Serves the repository's modules to a browser, their types stripped, and nothing but `.ts` files below `src` and `sdk/src`. */
export async function serveModules(): Promise<{ origin: string } & AsyncDisposable> {
  const imports = Object.fromEntries(Object.entries(SOURCES).map(([name, file]) => [name, `/${file}`]))
  const html = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>`
  const server = createServer(async (request, response) => {
    const file = path.posix.normalize(request.url ?? '/').slice(1)
    if (file === '') return response.setHeader('content-type', 'text/html').end(html)
    if (!/^(src|sdk\/src)\/.+\.ts$/.test(file)) return response.writeHead(404).end()
    const source = await readFile(file, 'utf8').catch(() => null)
    if (source === null) return response.writeHead(404).end()
    return response.setHeader('content-type', 'text/javascript').end(stripTypeScriptTypes(source))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

/** Imports a module in the page, and returns the result of `body`, a function of its exports in JavaScript. */
export async function evaluateWith(page: Page, file: string, body: string): Promise<unknown> {
  return await page.evaluate(`import('/${file}').then(${body})`)
}
