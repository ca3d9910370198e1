import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Branding } from './branding.queries.ts'
import { bodyOf, chosenLogo, draftOf, isColor } from './branding-draft.ts'

const STORED = {
  product_name: 'Tidewater',
  accent_color: '#0b5cad',
  support_url: null,
  privacy_url: null,
  terms_url: 'https://tidewater.example/terms',
  logo: { url: 'https://id.example.com/brand/logo-1.png' },
} as Branding

describe('the draft of a branding', () => {
  it('sends nothing where nothing is different, whatever the case of the colour and blanks around texts', () => {
    const draft = draftOf(STORED)
    assert.deepEqual(bodyOf(draft, STORED), {})
    assert.deepEqual(bodyOf({ ...draft, accentColor: '#0B5CAD', productName: ' Tidewater ' }, STORED), {})
  })

  it('sends what is different, and null for what is emptied', () => {
    const draft = { ...draftOf(STORED), supportUrl: 'https://a.example', termsUrl: '', logo: null }
    const body = { support_url: 'https://a.example', terms_url: null, logo: null }
    assert.deepEqual(bodyOf(draft, STORED), body)
    assert.deepEqual(bodyOf({ ...draftOf(STORED), logo: null }, { ...STORED, logo: null }), {})
  })

  it('sends a chosen logo in base64', () => {
    const bytes = Uint8Array.from([0, 255, 128])
    const logo = chosenLogo({ bytes, format: 'png', width: 1, height: 1 })
    assert.deepEqual(logo, { base64: 'AP+A', type: 'image/png' })
    assert.deepEqual(bodyOf({ ...draftOf(STORED), logo }, STORED), { logo: 'AP+A' })
  })

  it('knows a colour', () => {
    assert.deepEqual(['#0b5cad', '#ABCDEF', '#abc', 'red', '#0b5cad;', ''].map(isColor), [
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })
})
