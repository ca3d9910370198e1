/** Longer paths are refused. */
const MAX_PATH_LENGTH = 4_096

/**
 * RFC 3986 §3.3 without `;` and escaped slashes: upstreams differ on whether `;` starts a parameter, and on whether an
 * escaped slash separates two segments.
 */
const PATH = /^\/(?:[A-Za-z0-9._~!$&'()*+,=:@/-]|%(?!2[Ff])[0-9A-Fa-f]{2})*$/

/** Fast path: nothing to decode or fold, and not ambiguous; most paths that programs request. */
const PLAIN = /^(?:\/[a-z0-9_~@:-]+)+\/?$/

/** Readings of one path that an upstream may have. */
export interface Spellings {
  /** The path as the client sent it. */
  readonly sent: readonly string[]
  /** Percent-decoded once. */
  readonly decoded: readonly string[]
  /** Folded: without case, compatibility characters (NFKC), and trailing dots and spaces. */
  readonly folded: readonly string[]
}

/**
 * A path's segments, in every reading. Null where upstreams differ on the segments themselves (path confusion): `//`,
 * `.` and `..`, `;`, a backslash, an escaped slash, double escapes, control characters, invalid UTF-8. Such a path is
 * refused and not normalized, because the upstream's normalization counts and is unknown here. A trailing slash makes no
 * difference.
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

/** Null where the escapes are not UTF-8. */
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

/** Empty, or only dots and spaces: some upstreams drop such a segment or traverse upwards by it. */
function isUnclear(segment: string): boolean {
  return /^[. ]*$/.test(segment)
}

/** True where a second decoding would change its meaning. */
function isRead(segment: string): boolean {
  return /[\\;%?#\p{Cc}\p{Cf}]/u.test(segment)
}
