import type { Scope } from '../scopes/scopes.queries.ts'
import type { Act } from '../ui/use-act.ts'
import type { ClientDraft } from './client-draft.ts'

/** Props of a client's form and of its parts. */
export interface ClientFormParts {
  readonly draft: ClientDraft
  readonly onChange: (changes: Partial<ClientDraft>) => void
  readonly scopes: readonly Scope[]
  readonly environments: readonly string[]
  readonly isNew: boolean
  /** Its own document says the rest. */
  readonly isFromDocument: boolean
  readonly act: Act
  readonly whyNot: string | null
  readonly onSubmit: () => void
}
