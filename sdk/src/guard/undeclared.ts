import { hashCredential } from '../credential/credential.ts'
import type { CredentialSource, Requirements } from '../source/source.ts'
import type { PresentationFault, Refusal } from '../verdict/refusal.ts'

/** Guards differ in their scopes, of which there are as many lists as routes. */
const MAX_ASKED = 1_000

/**
 * Reports requirements of this API that no credential can meet, because nobody declared them: a mistyped scope, resource
 * or environment refuses everybody, and looks like a fault of the credentials. The server is asked once, at the first
 * refusal of each kind; a question that fails is asked again at a later refusal.
 *
 * @returns a function that is called with each refusal of a credential
 */
export function undeclaredReporter(
  source: CredentialSource,
  { environment, resource }: Omit<Requirements, 'scopes'>,
  report: (error: unknown) => void,
): (refusal: Refusal | PresentationFault, presented: string) => void {
  const asked = new Set<string>()

  const ask = async (name: string, presented: string, scopes: readonly string[]): Promise<void> => {
    asked.add(name)
    try {
      const hash = hashCredential(presented)
      const fault = await source.whyUndeclared?.({ hash, scopes, environment, resource })
      if (fault) report(new Error(`${fault} ${WHAT_TO_DO}`))
    } catch {
      // Lookups report that the source is unavailable.
      asked.delete(name)
    }
  }

  return (refusal, presented) => {
    const scopes = refusal.reason === 'missing_scope' ? refusal.required : NONE
    if (scopes === NONE && refusal.reason !== 'wrong_audience' && refusal.reason !== 'environment_mismatch')
      return
    if (asked.size >= MAX_ASKED || source.whyUndeclared === undefined) return
    const name = `${refusal.reason} ${scopes.join(' ')}`
    if (!asked.has(name)) void ask(name, presented, scopes)
  }
}

const NONE: readonly string[] = []
const WHAT_TO_DO =
  'This API requires it, so that every credential is refused. Correct it in this API, or declare it in Doorward.'
