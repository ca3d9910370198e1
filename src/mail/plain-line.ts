/** Controls, line and paragraph separators, and characters that turn text around or cannot be seen. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}]+/gu

/**
 * A text that others wrote, on one line: no header, line or direction of the mail can be changed by it (CRLF injection).
 */
export function plainLine(text: string): string {
  return text.replace(UNSEEN, ' ').replace(/\s+/g, ' ').trim()
}
