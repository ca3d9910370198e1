/** Logo: a half-open door, as on the server's pages. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <path className="mark-frame" d="M7 28V8a4 4 0 0 1 4-4h10a4 4 0 0 1 4 4v20" />
      <path className="mark-leaf" d="M11 28V9.6c0-.8.6-1.5 1.4-1.6l6.4-1.2c.6-.1 1.2.4 1.2 1V28z" />
      <circle className="mark-knob" cx="17.2" cy="18" r="1.4" />
    </svg>
  )
}
