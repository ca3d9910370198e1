import { useId, useRef, useState } from 'react'
import { hashOf, secretIn } from '../api/pasted-secret.ts'
import { keyWords as words } from '../words/keys.ts'

interface SearchParts {
  readonly text: string
  readonly onText: (text: string) => void
  readonly onSecret: (hash: string) => void
}

const WAIT_MS = 350

/**
 * One box for a name, an owner, a hint, an id or a whole secret. A secret is hashed here and leaves the box at once: only
 * the hash is sent, and only the hash is in the URL.
 */
export function KeysSearch({ text, onText, onSecret }: SearchParts) {
  const id = useId()
  const box = useRef<HTMLInputElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const [said, setSaid] = useState('')
  const look = async (value: string) => {
    clearTimeout(timer.current)
    const secret = secretIn(value)
    if (secret === null) {
      setSaid('')
      if (value.trim() !== text) timer.current = setTimeout(() => onText(value.trim()), WAIT_MS)
      return
    }
    if (box.current !== null) box.current.value = ''
    const hash = await hashOf(secret)
    setSaid(hash === null ? words.cannotHash : words.hashed)
    if (hash !== null) onSecret(hash)
  }
  return (
    <search className="search">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          clearTimeout(timer.current)
          onText(box.current?.value.trim() ?? '')
        }}
      >
        <label htmlFor={id}>{words.search}</label>
        <input
          key={text}
          ref={box}
          id={id}
          type="search"
          defaultValue={text}
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
          placeholder={words.searchExample}
          aria-describedby={`${id}-said`}
          onChange={(event) => void look(event.target.value)}
        />
        <p id={`${id}-said`} className="search-said" role="status">
          {said}
        </p>
      </form>
    </search>
  )
}
