import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { whyNotShown } from './shown-text.ts'

const point = (...points: readonly number[]) => String.fromCodePoint(...points)

describe('text that is shown to people', () => {
  it('REG-07: is accepted in any script, with the marks and joiners that belong to it', () => {
    const taken = [
      ...[
        'Acme',
        'Ann’s tool (2)',
        '7',
        'Café',
        'Cafe\u0301',
        'Nguyễn',
        'Straße',
        'Łódź',
        'Ελλάδα',
        'Привет',
      ],
      ...['日本語', 'カレンダー', '한국어', 'ไทย', 'עִבְרִית', 'العربية', 'বাংলা', 'தமிழ்', 'မြန်မာ', 'ខ្មែរ'],
      'می\u200cخواهم',
      'क\u094d\u200dष',
      'क\u094d\u200cष',
      'ශ\u0dca\u200dරී',
      'Family \u{1F468}\u200D\u{1F469}\u200D\u{1F467}',
      'Love \u2764\uFE0F',
      'Step 1\uFE0F\u20E3',
      'Flags \u{1F1E9}\u{1F1EA} \u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}',
      'Hands \u{1F44D}\u{1F3FD}',
    ]
    for (const text of taken) assert.equal(whyNotShown(text), null, text)
  })

  it('REG-07: refuses invisible characters anywhere', () => {
    const unseen = [
      ...[
        0x00, 0x07, 0x0a, 0x1b, 0x7f, 0x85, 0x9f, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b,
      ],
      ...[
        0x180e, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2060, 0x2064,
        0x2066,
      ],
      ...[
        0x2069, 0x206a, 0x206f, 0x2800, 0x3164, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0xfffa, 0xfffb,
        0xfffc,
      ],
      ...[0x13441, 0x16fe4, 0x1bca0, 0x1d173, 0xe0001, 0xe0041, 0xe007f, 0xe0100],
    ]
    for (const each of unseen)
      for (const text of [point(each), `Acme${point(each)}`, `Ac${point(each)}me`, `${point(each)}Acme`])
        assert.match(whyNotShown(text) ?? '', /cannot be seen|no letter/, each.toString(16))
  })

  it('REG-07: refuses joiners that change nothing visible', () => {
    for (const text of [
      'A\u200dB',
      'Pay\u200cpal',
      'د\u200cد',
      'ب\u200c',
      '\u200cب',
      '\u094d\u200dक',
      '\u{1F468}\u200D',
      'क\u200dष',
    ])
      assert.notEqual(whyNotShown(text), null, text)
  })

  it('REG-07: requires a letter or a number, and refuses a tower of marks', () => {
    for (const text of [
      '',
      ' ',
      '\u00a0',
      '\u3000',
      '...',
      '—',
      '\u{1F680}',
      '\u0301',
      '\u0301a',
      `a${'\u0301'.repeat(9)}`,
    ])
      assert.notEqual(whyNotShown(text), null, JSON.stringify(text))
  })

  it('REG-07: refuses half a surrogate pair, and returns nothing of the text', () => {
    assert.match(whyNotShown('Acme \ud83d') ?? '', /half of a character/)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const why = whyNotShown(text)
        assert.ok(why === null || /^[\x20-\x7e]+$/.test(why))
        if (why === null) assert.equal(whyNotShown(text.normalize('NFC')), null)
      }),
    )
  })

  it('REG-07: takes time in proportion to the text’s length', () => {
    for (const part of ['\u0301', '\u200d', 'ب\u200c', 'क\u094d\u200d', '\u{1F468}\u200D', ' '])
      whyNotShown(part.repeat(20_000))
  })
})
