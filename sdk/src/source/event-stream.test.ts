import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { EventReader, type ServerSentEvent } from './event-stream.ts'

function read(...pieces: string[]): ServerSentEvent[] {
  const events: ServerSentEvent[] = []
  const reader = new EventReader((event) => events.push(event))
  for (const piece of pieces) reader.push(piece)
  return events
}

test('an event is a name and its data, ended by an empty line; comments and other fields are ignored', () => {
  const table: [text: string, events: ServerSentEvent[]][] = [
    ['event: a\ndata: 1\n\n', [{ event: 'a', data: '1', id: '' }]],
    ['event:a\r\ndata:1\r\n\r\n', [{ event: 'a', data: '1', id: '' }]],
    ['data: 1\ndata: 2\n\n', [{ event: '', data: '1\n2', id: '' }]],
    [': hello\n\nid: 3\nretry: 5\n\n', []],
    [
      'id: 3.a-b.7\ndata: 1\n\ndata: 2\n\n',
      [
        { event: '', data: '1', id: '3.a-b.7' },
        { event: '', data: '2', id: '' },
      ],
    ],
    ['event: a\n\ndata: 1\n\n', [{ event: '', data: '1', id: '' }]],
    ['event: a\ndata: 1\n', []],
    ['data\n\n', [{ event: '', data: '', id: '' }]],
    ['data: {"a":"b: c"}\n\n', [{ event: '', data: '{"a":"b: c"}', id: '' }]],
  ]
  for (const [text, events] of table) assert.deepEqual(read(text), events, JSON.stringify(text))
})

test('reads chunks that are cut anywhere', () => {
  const newline = fc.constantFrom('\n', '\r\n')
  const event = fc.record(
    { event: fc.constantFrom('change', 'open'), data: fc.json() },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 5 }),
      newline,
      fc.array(fc.nat(), { maxLength: 8 }),
      (events, end, cuts) => {
        const text = events
          .map(({ event, data }) => `event: ${event}${end}data: ${data}${end}${end}`)
          .join('')
        const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length]
        const pieces = places.slice(1).map((place, at) => text.slice(places[at], place))
        assert.deepEqual(
          read(...pieces),
          events.map((each) => ({ ...each, id: '' })),
        )
      },
    ),
  )
})

test('OPS-08: gives up an event that never ends', () => {
  const reader = new EventReader(() => {})
  assert.throws(() => {
    for (let at = 0; at < 100; at++) reader.push('x'.repeat(100_000))
  }, RangeError)
})
