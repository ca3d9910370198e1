import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type ArrivalFacts, arrivalSentences } from './arrival.ts'
import { preciseWords } from './time-words.ts'

const MS = Date.parse('2030-01-01T14:03:07.412Z')
const TIME = preciseWords(MS)

function facts(more: Partial<ArrivalFacts>): ArrivalFacts {
  return {
    ...{ state: 'arrived', refusedSinceMs: MS, verifiers: 4, applied: 4 },
    ...{ startedLater: 0, waiting: 0, lapsed: 0, notReporting: 0 },
    ...more,
  }
}

const ROWS: readonly (readonly [title: string, more: Partial<ArrivalFacts>, sentences: readonly string[]])[] =
  [
    ['all have applied it', {}, [`Refused at all 4 verifiers since ${TIME}.`]],
    [
      'one does not confirm',
      { applied: 3, lapsed: 1 },
      [
        `Refused at all 4 verifiers since ${TIME}.`,
        '1 of them has not confirmed it, and can no longer use what was cached before.',
      ],
    ],
    [
      'one is waited for',
      { state: 'arriving', refusedSinceMs: null, applied: 3, waiting: 1 },
      ['Refused at 3 of 4 verifiers so far.'],
    ],
    [
      'two started later',
      { applied: 2, startedLater: 2 },
      [`Refused at all 4 verifiers since ${TIME}.`, '2 of them started after it ended.'],
    ],
    [
      'all started later',
      { refusedSinceMs: null, applied: 0, startedLater: 4 },
      ['Refused. All 4 verifiers started after it ended, and have never accepted it.'],
    ],
    [
      'only this server',
      { verifiers: 1, applied: 1 },
      [`Refused at this server since ${TIME}.`, 'No verifiers but this server have reported.'],
    ],
    [
      'older SDKs follow',
      { verifiers: 1, applied: 1, notReporting: 2 },
      [
        `Refused at this server since ${TIME}.`,
        '2 listeners report nothing, as older SDKs do, and are not counted. Within 5 seconds they refuse it too, unless they were told to use stale answers.',
      ],
    ],
    ['nothing is kept', { state: 'not_kept', verifiers: 0 }, []],
    [
      'no server has reported yet',
      { state: 'arriving', refusedSinceMs: null, verifiers: 0, applied: 0 },
      ['Asking where it has arrived …'],
    ],
  ]

for (const [title, more, sentences] of ROWS)
  it(`tells where a revocation has arrived: ${title}`, () =>
    assert.deepEqual(arrivalSentences(facts(more)), sentences))

it('tells the millisecond', () => assert.match(TIME, /^\d\d:\d\d:07\.412$/))
