/** Longer paths are refused. */
const MAX_PATH_LENGTH = 4_096

/**
 * RFC 3986 §3.3 without `;` and escaped slashes: what stands behind a `;` in a segment is a parameter to some readers
 * and a name to others, and an escaped slash parts two segments for some and none for others.
 */
const PATH = /^\/(?:[A-Za-z0-9._~!$&'()*+,=:@/-]|%(?!2[Ff])[0-9A-Fa-f]{2})*$/

/** Nothing to decode, to fold or to doubt: most paths that programs ask for. */
const PLAIN = /^(?:\/[a-z0-9_~@:-]+)+\/?$/

/** The ways in which the upstream may read a path that has one spelling on the wire. */
export interface Spellings {
  /** The path as the client sent it. */
  readonly sent: readonly string[]
  /** With its escapes decoded, once. */
  readonly decoded: readonly string[]
  /** As a reader sees it who tells neither cases nor compatible characters apart, nor dots and spaces at the end. */
  readonly folded: readonly string[]
}

/**
 * A path's segments, in every spelling. Null where readers would not even agree on the segments: `//`, `.` and `..`,
 * `;`, a backslash, an escaped slash, an escape within an escape, control characters, what is no UTF-8. Such a path is
 * refused and not tidied up, because what counts is how the upstream tidies, and that is not known here. A slash at the
 * end makes no difference.
 */
export function spellingsOf(path: string): Spellings | null {
  if (path.length > MAX_PATH_LENGTH) return null
  const sent = segmentsOf(path)
  if (PLAIN.test(path)) return { sent, decoded: sent, folded: sent }
  if (!PATH.test(path)) return null
  const whole = decoded(path)
  if (whole === null) return null
  const spellings = {
    sent,
    decoded: segmentsOf(whole),
    folded: segmentsOf(whole.normalize('NFKC')).map(fold),
  }
  if (spellings.decoded.length !== sent.length || spellings.folded.length !== sent.length) return null
  if (Object.values(spellings).flat().some(isUnclear)) return null
  return [...spellings.decoded, ...spellings.folded].some(isRead) ? null : spellings
}

export function fold(segment: string): string {
  return segment
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[. ]+$/, '')
}

/** Null where the escapes are no UTF-8. */
function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path)
  } catch {
    return null
  }
}

function segmentsOf(path: string): string[] {
  const segments = path.split('/').slice(1)
  if (segments.at(-1) === '') segments.pop()
  return segments
}

/** Empty, or only dots and spaces: a segment that some readers drop, or climb by. */
function isUnclear(segment: string): boolean {
  return /^[. ]*$/.test(segment)
}

/** Holds what has a meaning of its own to who reads it once more. */
function isRead(segment: string): boolean {
  return /[\\;%?#\p{Cc}\p{Cf}]/u.test(segment)
}
