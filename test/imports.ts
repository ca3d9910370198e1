import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** A file and the modules that it imports, relative ones as paths from the root. */
export interface Imports {
  readonly file: string
  readonly modules: readonly { readonly name: string; readonly typeOnly: boolean }[]
}

export function importsOf(file: string, source = readFileSync(file, 'utf8')): Imports {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const statements = code.matchAll(
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g,
  )
  const modules = [...statements].map(([, type, statically, dynamically]) => {
    const name = statically ?? dynamically ?? ''
    return {
      name: name.startsWith('.') ? normalize(join(dirname(file), name)) : name,
      typeOnly: type !== undefined,
    }
  })
  return { file, modules }
}
