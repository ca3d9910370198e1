import type { ReactNode } from 'react'
import { accentOn, roundedRatio, SCHEMES, USUAL_ACCENT } from '../../../src/branding/accent.ts'
import { Field } from '../ui/field.tsx'
import { Facts } from '../ui/notice.tsx'
import { brandingWords as words } from '../words/branding.ts'
import { isColor } from './branding-draft.ts'

interface FieldParts {
  readonly color: string
  readonly error: string | null
  readonly onChange: (color: string) => void
}

/** The accent colour, with the colours that pages make of it and their contrast. */
export function AccentField({ color, error, onChange }: FieldParts) {
  const given = isColor(color) ? color.toLowerCase() : null
  return (
    <>
      <Field
        label={words.accent}
        hint={words.accentHint}
        error={error ?? (color === '' || given !== null ? null : words.noColor)}
      >
        {(ids) => (
          <div className="color-input">
            <input
              type="color"
              aria-label={words.pickColor}
              value={given ?? USUAL_ACCENT.light}
              onChange={(event) => onChange(event.target.value)}
            />
            <input
              {...ids}
              autoComplete="off"
              spellCheck={false}
              maxLength={7}
              placeholder={words.usualColor}
              value={color}
              onChange={(event) => onChange(event.target.value.trim())}
            />
          </div>
        )}
      </Field>
      {given !== null && (
        <Facts
          facts={SCHEMES.map((scheme) => {
            const { used, givenContrast, contrast, text, textContrast } = accentOn(scheme, given)
            return [
              words.scheme[scheme],
              <span key={scheme} className="accent-facts">
                <Sample color={given}>{words.given(given, roundedRatio(givenContrast))}</Sample>
                {used !== given && <Sample color={used}>{words.used(used, roundedRatio(contrast))}</Sample>}
                <span className="soft">{words.textOn(text, roundedRatio(textContrast))}</span>
              </span>,
            ] as const
          })}
        />
      )}
    </>
  )
}

function Sample({ color, children }: { readonly color: string; readonly children: ReactNode }) {
  return (
    <span className="sample">
      <span className="sample-color" style={{ background: color }} />
      <span>{children}</span>
    </span>
  )
}
