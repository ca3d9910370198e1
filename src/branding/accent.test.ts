import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  accentOn,
  contrastOf,
  MIN_CONTRAST,
  PAGE_COLORS,
  roundedRatio,
  SCHEMES,
  USUAL_ACCENT,
} from './accent.ts'

const color = fc.nat(0xffffff).map((number) => `#${number.toString(16).padStart(6, '0')}`)
const TOKENS = readFileSync(new URL('../pages/tokens.css', import.meta.url), 'utf8')

describe('the accent colour', () => {
  for (const [one, other, ratio] of [
    ['#000000', '#ffffff', 21],
    ['#ffffff', '#ffffff', 1],
    ['#777777', '#ffffff', 4.47],
    ['#767676', '#ffffff', 4.54],
    ['#ff0000', '#ffffff', 3.99],
    ['#0000ff', '#ffffff', 8.59],
  ] as const)
    it(`has a contrast of ${ratio} for ${one} and ${other}, in either order`, () => {
      assert.equal(roundedRatio(contrastOf(one, other)), ratio)
      assert.equal(contrastOf(one, other), contrastOf(other, one))
    })

  it('WEB-13: can be read on every page, whatever colour is given, and so can text on it', () => {
    fc.assert(
      fc.property(color, fc.constantFrom(...SCHEMES), (given, scheme) => {
        const { used, text, deep, contrast, textContrast } = accentOn(scheme, given)
        for (const ground of [PAGE_COLORS[scheme].ground, PAGE_COLORS[scheme].card])
          assert.ok(contrastOf(used, ground) >= MIN_CONTRAST, `${used} on ${ground}`)
        assert.ok(contrast >= MIN_CONTRAST)
        assert.ok(textContrast >= MIN_CONTRAST, `${text} on ${used}`)
        assert.ok(contrastOf(text, deep) >= MIN_CONTRAST, `${text} on ${deep}`)
        assert.equal(textContrast, Math.max(contrastOf(used, '#000000'), contrastOf(used, '#ffffff')))
      }),
      { numRuns: 2000 },
    )
  })

  it('is used as it is given wherever it can be read', () => {
    fc.assert(
      fc.property(color, fc.constantFrom(...SCHEMES), (given, scheme) => {
        const { used, givenContrast } = accentOn(scheme, given)
        assert.equal(used === given, givenContrast >= MIN_CONTRAST)
      }),
    )
  })

  it('knows the colours of the pages', () => {
    const [light = '', dark = ''] = TOKENS.split('prefers-color-scheme: dark')
    for (const [scheme, tokens] of [
      ['light', light],
      ['dark', dark],
    ] as const)
      for (const [name, value] of Object.entries({ ...PAGE_COLORS[scheme], accent: USUAL_ACCENT[scheme] }))
        assert.ok(tokens.includes(`--${name}: ${value};`), `${name} of ${scheme} pages`)
  })

  it('leaves the usual colours as they are', () => {
    for (const scheme of SCHEMES)
      assert.equal(accentOn(scheme, USUAL_ACCENT[scheme]).used, USUAL_ACCENT[scheme])
  })
})
