const QUIET_MS = 60_000
let lastActAt = Date.now()
const note = () => {
  lastActAt = Date.now()
}
for (const event of ['pointerdown', 'keydown'] as const)
  addEventListener(event, note, { capture: true, passive: true })

/** True where nobody has touched the page for a minute: polls of such a page must not keep a session alive. */
export function isUnattended(): boolean {
  return Date.now() - lastActAt > QUIET_MS
}
