/** Return value of a function that may refuse: "no" is a value. Exceptions are for bugs and broken machinery. */
export type Result<T, No> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly no: No }

export function yes<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

export function no<No>(refused: No): { readonly ok: false; readonly no: No } {
  return { ok: false, no: refused }
}
