/** Unicode's list of emoji, with joined ones, flags and keycaps: each is one visible sign. */
const EMOJI = /\p{RGI_Emoji}/gv
/**
 * Invisible characters, and those that change the direction of the text beside them (spoofing). Half a surrogate pair
 * cannot be stored. The fillers, U+2800 and the two hieroglyphs are letters and signs by their category, but blank.
 */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u{2800}\u{fffc}\u{13441}\u{13442}\u{16fe4}]/u
/** Arabic letters that do not join the next: after them a non-joiner changes nothing visible. */
const NOT_JOINING =
  '\\u0621-\\u0625\\u0627\\u0629\\u062f-\\u0632\\u0648\\u0671-\\u0677\\u0688-\\u0699\\u06c0\\u06c3-\\u06cb\\u06cd\\u06cf\\u06d2-\\u06d5\\u06ee\\u06ef'
const JOINING = `[[\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Mongolian}\\p{Script=Nko}]--[${NOT_JOINING}]]`
const JOINED = '[\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Mongolian}\\p{Script=Nko}]'
/** Signs that silence a vowel in the scripts of India and its neighbours. */
const VIRAMA =
  '[\\u094d\\u09cd\\u0a4d\\u0acd\\u0b4d\\u0bcd\\u0c4d\\u0ccd\\u0d3b\\u0d3c\\u0d4d\\u0dca\\u1039\\u17d2\\u1b44\\u{1107f}\\u{110b9}\\u{11133}]'
/**
 * The joiners U+200C and U+200D where words are written with them: between joining letters, as in Persian, and after a
 * virama (RFC 5892 appendices A.1 and A.2).
 */
const JOINERS = new RegExp(
  `(?<=\\p{L}\\p{M}*${VIRAMA})[\\u200c\\u200d](?=\\p{L})|(?<=${JOINING}\\p{M}*)\\u200c(?=${JOINED})`,
  'gv',
)
/** More marks on one letter than any language writes; they reach into the lines above and below. */
const TOO_MANY_MARKS = /\p{M}{6}/u
const LETTER = /[\p{L}\p{N}]/u

/**
 * Refuses texts that could mislead people on a page, such as homograph or invisible names; null if the text is allowed. The
 * result continues a sentence that begins with the field's name. All names of apps, owners and users, and descriptions of
 * scopes, are checked here: a name that shows nothing, or hides something, makes one look like another.
 */
export function whyNotShown(text: string): string | null {
  if (!text.isWellFormed()) return 'holds half of a character (a lone surrogate).'
  const plain = text.replace(EMOJI, '').replace(JOINERS, '')
  const unseen = UNSEEN.exec(plain)?.[0]
  if (unseen !== undefined)
    return `holds a character that cannot be seen or that turns text around (${codePoint(unseen)}). Leave it out.`
  if (/^\p{M}/u.test(plain.trimStart()) || TOO_MANY_MARKS.test(plain))
    return 'has combining marks without a letter, or more of them on one letter than can be read.'
  return LETTER.test(plain) ? null : 'shows no letter and no number. Write at least one.'
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
