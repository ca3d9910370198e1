import { useEffect, useId, useState } from 'react'
import { actWords as words } from '../words/acts.ts'
import { useNoSecret } from './no-secret.ts'

interface SearchParts {
  readonly label: string
  readonly placeholder?: string
  readonly value: string
  readonly onSearch: (text: string) => void
}

/** A search field: searches on Enter, and when it is emptied. What it shows follows the URL. */
export function SearchField({ label, placeholder, value, onSearch }: SearchParts) {
  const id = useId()
  const [text, setText] = useState(value)
  const { said, accept } = useNoSecret()
  useEffect(() => setText(value), [value])
  return (
    <form
      className="search"
      onSubmit={(event) => {
        event.preventDefault()
        onSearch(text.trim())
      }}
    >
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="search"
        maxLength={100}
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        title={words.searchHint}
        aria-describedby={`${id}-said`}
        value={text}
        onChange={(event) => {
          const entered = accept(event.target.value)
          setText(entered)
          if (entered === '' && value !== '') onSearch('')
        }}
      />
      <p id={`${id}-said`} className="search-said" role="status">
        {said}
      </p>
    </form>
  )
}
