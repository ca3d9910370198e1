import { nearestName } from '../verdict/scope.ts'

/** `; did you mean …?`, or an empty text. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const nearest = nearestName(name, known)
  return nearest === null ? '' : `; did you mean ${nearest}?`
}
