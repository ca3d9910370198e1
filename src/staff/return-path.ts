/** The page after a sign-in where none was asked for. */
export const DASHBOARD = '/dashboard'

/** Some hundred ids of keys. */
const MAX_LENGTH = 4_000

/**
 * The path to return to: one of the dashboard's, whatever a link says (open redirect, WEB-09).
 *
 * @param text a path of ours, as a browser sent it
 */
export function returnPathOf(text: string | null): string {
  if (text === null || text.length > MAX_LENGTH || !/^\/(?:dashboard|staff)(?:[/?#]|$)/.test(text))
    return DASHBOARD
  // The browser's own parser: it drops tabs and newlines, and reads `\` as `/`.
  const url = URL.parse(text, 'http://ours.invalid')
  if (url === null || url.host !== 'ours.invalid' || !/^\/(?:dashboard|staff)(?:\/|$)/.test(url.pathname))
    return DASHBOARD
  return url.pathname + url.search + url.hash
}
