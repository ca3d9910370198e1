/** Most scopes of one request: the consent page can show them, and its form can send them. */
export const MAX_SCOPES = 1000

/** Largest form that sends each scope by a name of at most 97 characters, and the hidden fields. */
export const FORM_WITH_SCOPES_BYTES = 4096 + MAX_SCOPES * 128
