import { useLocation } from 'wouter'
import { useSearch } from 'wouter/use-browser-location'
import { secretIn } from '../api/pasted-secret.ts'
import { searchText } from '../paths.ts'

/** The search of the URL, which is the API's query: what is known of it, what is not, and how it changes. */
export interface UrlQuery<Name extends string> {
  readonly query: Readonly<Partial<Record<Name, string>>>
  readonly unknown: readonly string[]
  /** Sets some parameters; undefined removes one. A value that holds a secret is left out: a URL stays in the history. */
  set(changes: Readonly<Partial<Record<Name, string | undefined>>>): void
}

export function useUrlQuery<const Name extends string>(names: readonly Name[]): UrlQuery<Name> {
  const [path, navigate] = useLocation()
  const asked = new URLSearchParams(useSearch())
  const query: Partial<Record<Name, string>> = {}
  for (const name of names) {
    const value = asked.get(name)
    if (value !== null && value !== '') query[name] = value
  }
  const unknown = [...new Set(asked.keys())].filter((name) => !(names as readonly string[]).includes(name))
  return {
    query,
    unknown,
    set: (changes) => {
      const safe = Object.entries<string | undefined>({ ...query, ...changes }).filter(
        ([, value]) => secretIn(`${value}`) === null,
      )
      navigate(path + searchText(Object.fromEntries(safe)))
    },
  }
}
