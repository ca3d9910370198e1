/** People click twice where nothing seems to happen. */
export const WINDOW_MS = 30_000

/**
 * True where a second request can be the same click: a double click, or Enter and a click. Browsers follow the response to
 * the last one, so that one has to lead on like the first.
 */
export function isDoubleClick(firstAt: Date, now: Date): boolean {
  return now.getTime() - firstAt.getTime() <= WINDOW_MS
}
