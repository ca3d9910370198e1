import { counted } from './counted.ts'
import { countWords, preciseWords } from './time-words.ts'

/** Facts about where an ending has arrived, as the API knows them; moments in ms. */
export interface ArrivalFacts {
  readonly state: 'arriving' | 'arrived' | 'not_kept'
  readonly refusedSinceMs: number | null
  readonly verifiers: number
  readonly applied: number
  readonly startedLater: number
  readonly waiting: number
  readonly lapsed: number
  readonly notReporting: number
}

/** Words about where the ending of a credential has arrived. */
export const arrivalWords = {
  asking: 'Asking where it has arrived …',
  waitingFor: (name: string) => `${name} has not confirmed it yet`,
  notConfirmed: (name: string) => `${name} has not confirmed it`,
  lastSeen: 'last report',
  refusesFrom: (ms: number) => `uses nothing that it cached before from ${preciseWords(ms)} on`,
  more: (count: number) => `${countWords(count)} more`,
  nameless: { server: 'a server', sdk: 'an SDK' },
  verifiers: 'Verifiers',
  verifiersCaption: 'Servers and SDKs that verify, and how far each has followed the changes',
  name: 'Verifier',
  state: 'State',
  states: { current: 'Up to date', behind: 'Behind', silent: 'Silent' },
  behind: (changes: number) => counted(changes, 'change'),
  behindAll: 'knows nothing of this database yet',
  seen: 'Last report',
  since: 'Running since',
  kinds: { server: 'server', sdk: 'SDK' },
  noSdk: (servers: number) =>
    `${servers === 1 ? 'No verifiers but this server have' : 'No SDK has'} reported. SDKs that follow changes appear here.`,
  summary: (current: number, behind: number, silent: number) =>
    [
      current > 0 && `${countWords(current)} up to date`,
      behind > 0 && `${countWords(behind)} behind`,
      silent > 0 && `${countWords(silent)} silent`,
    ]
      .filter((part) => part !== false)
      .join(', ') || 'none has reported',
  notCounted: (count: number) =>
    `${counted(count, 'listener reports', 'listeners report')} nothing, as older SDKs do, and ${
      count === 1 ? 'is' : 'are'
    } not counted.`,
}

/**
 * Tells since when something that has ended is refused. Each sentence is true whatever is late: it says "all" only of what
 * has reported, and names what it cannot know.
 */
export function arrivalSentences(facts: ArrivalFacts): readonly string[] {
  const { state, refusedSinceMs, verifiers, startedLater, waiting, lapsed, notReporting } = facts
  if (state === 'not_kept') return []
  const all = verifiers === 1 ? 'this server' : `all ${countWords(verifiers)} verifiers`
  const sentences: string[] = []
  if (state === 'arriving')
    sentences.push(
      verifiers === 0
        ? arrivalWords.asking
        : `Refused at ${countWords(verifiers - waiting)} of ${counted(verifiers, 'verifier')} so far.`,
    )
  else if (refusedSinceMs === null)
    sentences.push(
      verifiers === 1
        ? 'Refused. This server started after it ended, and has never accepted it.'
        : `Refused. ${sentenceCase(all)} started after it ended, and have never accepted it.`,
    )
  else sentences.push(`Refused at ${all} since ${preciseWords(refusedSinceMs)}.`)
  if (lapsed > 0)
    sentences.push(
      `${counted(lapsed, 'of them has', 'of them have')} not confirmed it, and can no longer use what was cached before.`,
    )
  if (startedLater > 0 && refusedSinceMs !== null)
    sentences.push(`${countWords(startedLater)} of them started after it ended.`)
  if (verifiers === 1 && notReporting === 0) sentences.push('No verifiers but this server have reported.')
  if (notReporting > 0)
    sentences.push(
      `${arrivalWords.notCounted(notReporting)} Within 5 seconds they refuse it too, unless they were told to use stale answers.`,
    )
  return sentences
}

function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
