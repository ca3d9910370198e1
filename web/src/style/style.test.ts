import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const WEB = fileURLToPath(new URL('..', import.meta.url))
const read = (pattern: RegExp) =>
  readdirSync(WEB, { recursive: true, encoding: 'utf8' })
    .filter((file) => pattern.test(file))
    .map((file) => ({ file, text: readFileSync(`${WEB}/${file}`, 'utf8') }))

/** Selectors of a sheet; those of a media query too. */
function selectorsOf(sheet: string): string[] {
  const rules = sheet.replace(/\/\*[\s\S]*?\*\//g, '').replace(/@(media|supports)[^{]*\{|@import[^;]*;/g, '')
  return [...rules.matchAll(/([^{}]+)\{/g)].flatMap(([, list = '']) =>
    list.split(',').map((one) => one.trim()),
  )
}

describe('the style sheets of the dashboard', () => {
  const sheets = read(/\.css$/).map(({ file, text }) => ({ file, selectors: selectorsOf(text) }))
  const screens = read(/\.tsx$/)
    .map(({ text }) => text)
    .join('\n')
  const classes = new Set(
    sheets.flatMap(({ selectors }) =>
      selectors.flatMap((each) => [...each.matchAll(/\.([a-z][\w-]*)/g)].map(([, name = '']) => name)),
    ),
  )

  it('define each class in one sheet: two things of one name would have the looks of both', () => {
    const homes = new Map<string, Set<string>>()
    for (const { file, selectors } of sheets)
      for (const one of selectors)
        if (/^\.[\w-]+$/.test(one)) homes.set(one, (homes.get(one) ?? new Set()).add(file))
    assert.ok(homes.size > 50)
    assert.deepEqual(
      [...homes].filter(([, files]) => files.size > 1),
      [],
    )
  })

  it('have no class that no screen uses', () => {
    assert.deepEqual(
      [...classes].filter((name) => !new RegExp(`\\b${name}\\b`).test(screens)),
      [],
    )
  })

  it('have each class that a screen names', () => {
    const named = [...screens.matchAll(/className="([^"]+)"/g)].flatMap(([, names = '']) => names.split(' '))
    assert.deepEqual(
      named.filter((name) => !classes.has(name)),
      [],
    )
  })
})
