import { replaceEqualDeep } from '@tanstack/react-query'

/** ETags of what was read, by the object that holds it. */
const tags = new WeakMap<object, string>()

/** Notes the ETag of an answer, for the answer and for each item of a list in it. */
export function noteTag(answer: unknown, tag: string): void {
  if (!isObject(answer)) return
  tags.set(answer, tag)
  const { data } = answer as { readonly data?: unknown }
  if (Array.isArray(data)) for (const item of data) if (isObject(item)) tags.set(item, tag)
}

/** The ETag with which an object was read. */
export function tagOf(read: object): string | null {
  return tags.get(read) ?? null
}

/** Keeps the objects of the answer before where nothing differs, as the query client does by itself, and the ETags too. */
export function shareTagged(before: unknown, after: unknown): unknown {
  const shared: unknown = replaceEqualDeep(before, after)
  carry(after, shared)
  return shared
}

function carry(from: unknown, to: unknown): void {
  if (from === to || !isObject(from) || !isObject(to)) return
  const tag = tags.get(from)
  if (tag !== undefined) noteTag(to, tag)
  if (Array.isArray(from) && Array.isArray(to)) for (const [n, item] of from.entries()) carry(item, to[n])
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
