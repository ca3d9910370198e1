import { useState } from 'react'
import { readLogo } from '../../../src/branding/logo.ts'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { brandingWords as words } from '../words/branding.ts'
import type { Branding } from './branding.queries.ts'
import { type BrandingDraft, chosenLogo } from './branding-draft.ts'

interface FieldParts {
  readonly logo: BrandingDraft['logo']
  readonly stored: Branding['logo']
  readonly error: string | null
  readonly onChange: (logo: BrandingDraft['logo']) => void
}

/** Chooses a logo. The file is read by the server's own rules before it is sent. */
export function LogoField({ logo, stored, error, onChange }: FieldParts) {
  const [refusal, setRefusal] = useState<string | null>(null)
  const [chosen, setChosen] = useState(0)
  const hasLogo = logo === 'kept' ? stored !== null : logo !== null
  const choose = async (file: File | undefined) => {
    if (file === undefined) return
    const read = readLogo(new Uint8Array(await file.arrayBuffer()))
    setRefusal(read.ok ? null : words.logoRefused(read.no))
    if (read.ok) onChange(chosenLogo(read.value))
  }
  const remove = () => {
    setRefusal(null)
    // An empty file input: the same file can be chosen again.
    setChosen(chosen + 1)
    onChange(stored === null ? 'kept' : null)
  }
  return (
    <>
      <Field label={words.logo} hint={words.logoHint} error={refusal ?? error}>
        {(ids) => (
          <input
            {...ids}
            key={chosen}
            type="file"
            accept="image/png,image/jpeg,image/webp"
            onChange={(event) => void choose(event.target.files?.[0])}
          />
        )}
      </Field>
      {hasLogo && (
        <Button kind="quiet" onClick={remove}>
          {words.removeLogo}
        </Button>
      )}
    </>
  )
}
