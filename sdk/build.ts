import { execFile } from 'node:child_process'
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'

/**
 * Builds the published package in `sdk/dist`: compiled, because Node refuses to run `.ts` under `node_modules`.
 *
 *     node sdk/build.ts
 */

const here = import.meta.dirname
const dist = path.join(here, 'dist')

await rm(dist, { recursive: true, force: true })
await compile()
await writeFile(path.join(dist, 'package.json'), await publishedManifest())
await copyFile(path.join(here, 'README.md'), path.join(dist, 'README.md'))
await copyFile(path.join(here, '../LICENSE'), path.join(dist, 'LICENSE'))

async function compile(): Promise<void> {
  const tsc = path.join(
    path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin/tsc',
  )
  await promisify(execFile)(process.execPath, [tsc, '-p', path.join(here, 'tsconfig.build.json')]).catch(
    (error) => {
      throw new Error(`the SDK does not compile:\n${error.stdout}`)
    },
  )
}

/** The checkout's manifest, with each `./src/x.ts` as its compiled `./x.js` and `./x.d.ts`. */
async function publishedManifest(): Promise<string> {
  const { exports, ...manifest } = JSON.parse(await readFile(path.join(here, 'package.json'), 'utf8'))
  const compiled = Object.entries<string>(exports).map(([name, source]) => {
    const stem = source.replace(/^\.\/src\/(.+)\.ts$/, './$1')
    return [name, { types: `${stem}.d.ts`, default: `${stem}.js` }]
  })
  return `${JSON.stringify({ ...manifest, exports: Object.fromEntries(compiled) }, null, 2)}\n`
}
