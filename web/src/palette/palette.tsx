import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useEffect, useId, useState } from 'react'
import { useLocation } from 'wouter'
import { hashOf, secretIn } from '../api/pasted-secret.ts'
import { useCan } from '../api/session.ts'
import { paths } from '../paths.ts'
import { Dialog } from '../ui/dialog.tsx'
import { paletteWords as words } from '../words/palette.ts'
import { clientsFound, type Found, keysFound, ownersFound } from './palette.queries.ts'

interface PaletteParts {
  /** The pages that this person may open. */
  readonly pages: readonly { readonly to: string; readonly words: string }[]
}

const SETTLE_MS = 200
const GROUPS = ['pages', 'keys', 'owners', 'clients'] as const

/** A button, and Ctrl-K: finds pages, keys, owners and apps. */
export function Palette({ pages }: PaletteParts) {
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      // Another dialog has the floor.
      if (document.querySelector('dialog[open]') === null) setOpen(true)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  return (
    <>
      <button
        type="button"
        className="button quiet palette-button"
        aria-keyshortcuts="Control+K"
        onClick={() => setOpen(true)}
      >
        {words.open}{' '}
        <span className="kbd" aria-hidden="true">
          {words.shortcut}
        </span>
      </button>
      {isOpen && <PaletteDialog pages={pages} onClose={() => setOpen(false)} />}
    </>
  )
}

function PaletteDialog({ pages, onClose }: PaletteParts & { readonly onClose: () => void }) {
  const [entered, setEntered] = useState('')
  const [at, setAt] = useState(0)
  const [said, setSaid] = useState('')
  const { found, isSearching } = useFound(entered, pages)
  const [, navigate] = useLocation()
  const id = useId()
  const chosen = found[Math.min(at, found.length - 1)]
  const open = (to: string) => {
    onClose()
    navigate(to)
  }
  const take = async (text: string) => {
    const secret = secretIn(text)
    setEntered(secret === null ? text : '')
    setAt(0)
    const hash = secret === null ? null : await hashOf(secret)
    setSaid(secret !== null && hash === null ? words.cannotHash : '')
    if (hash !== null) open(paths.keys.to({ secret_sha256: hash }))
  }
  const idOf = (each: Found) => `${id}-${found.indexOf(each)}`
  return (
    <Dialog title={words.title} onClose={onClose}>
      <div className="palette">
        <input
          type="text"
          role="combobox"
          aria-label={words.label}
          aria-expanded={found.length > 0}
          aria-controls={found.length > 0 ? id : undefined}
          aria-activedescendant={chosen === undefined ? undefined : idOf(chosen)}
          aria-autocomplete="list"
          placeholder={words.label}
          autoComplete="off"
          spellCheck={false}
          value={entered}
          onChange={(event) => void take(event.target.value)}
          onKeyDown={(event) => {
            const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
            if (step !== undefined && found.length > 0) {
              event.preventDefault()
              setAt((now) => (Math.min(now, found.length - 1) + step + found.length) % found.length)
            }
            if (event.key === 'Enter' && chosen !== undefined) open(chosen.to)
          }}
        />
        {found.length > 0 && (
          <div id={id} role="listbox" aria-label={words.results} className="palette-list">
            {GROUPS.filter((group) => found.some((each) => each.group === group)).map((group) => (
              // biome-ignore lint/a11y/useSemanticElements: options of a listbox are grouped by role
              <div key={group} role="group" aria-label={words[group]}>
                <p className="palette-group" aria-hidden="true">
                  {words[group]}
                </p>
                {found
                  .filter((each) => each.group === group)
                  .map((each) => (
                    // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the input has the focus and the keys
                    <div
                      key={each.to}
                      id={idOf(each)}
                      role="option"
                      aria-selected={each === chosen}
                      className="palette-option"
                      onClick={() => open(each.to)}
                    >
                      {each.name} <span className="soft">{each.detail}</span>
                    </div>
                  ))}
              </div>
            ))}
          </div>
        )}
        <p className="hint" role="status">
          {said ||
            (isSearching ? words.searching : found.length === 0 ? words.nothing : words.count(found.length))}
        </p>
        <p className="hint">{words.hint}</p>
      </div>
    </Dialog>
  )
}

function useFound(entered: string, pages: PaletteParts['pages']) {
  const can = useCan()
  const text = useSettled(useDeferredValue(entered.trim()).slice(0, 100))
  const found = [
    useQuery(keysFound(text, can('keys:read'))),
    useQuery(ownersFound(text, can('owners:read'))),
    useQuery(clientsFound(text, can('clients:read'))),
  ]
  const named = pages
    .filter(({ words: name }) => name.toLowerCase().includes(entered.trim().toLowerCase()))
    .map(({ to, words: name }): Found => ({ group: 'pages', to, name, detail: '' }))
  return {
    found: [...named, ...(entered.trim() === '' ? [] : found.flatMap(({ data }) => data ?? []))],
    isSearching: found.some(({ isFetching }) => isFetching),
  }
}

/** A text once it has not changed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), SETTLE_MS)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}
