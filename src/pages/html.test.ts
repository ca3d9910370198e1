import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { html } from './html.ts'

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#96': '`' }
const decoded = (text: string) => text.replace(/&([#\w]+);/g, (_, name) => ENTITIES[name] ?? '?')

describe('html', () => {
  it('WEB-08: escapes every inserted value, so that it is text and nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (one, other) => {
        const { text } = html`<p title="${one}">${other}</p>`
        const [, title = '', content = ''] = /^<p title="([^"]*)">([^<]*)<\/p>$/s.exec(text) ?? []
        assert.equal(decoded(title), one)
        assert.equal(decoded(content), other)
        assert.doesNotMatch(title + content, /[<>"'`]/)
      }),
    )
  })

  it('inserts its own fragments unescaped, lists in order, and nothing for an absent value', () => {
    const rows = ['a', '<b>'].map((name) => html`<li>${name}</li>`)
    const shown = html`<ul>${rows}${null}${undefined}${false}${0}</ul>`
    assert.equal(shown.text, '<ul><li>a</li><li>&lt;b&gt;</li>0</ul>')
  })
})
