import type { CSSProperties } from 'react'
import { accentOn, PAGE_COLORS, SCHEMES, type Scheme, USUAL_ACCENT } from '../../../src/branding/accent.ts'
import { Mark } from '../ui/mark.tsx'
import { brandingWords as words } from '../words/branding.ts'

interface PreviewParts {
  /** Empty: the host is shown. */
  readonly name: string
  readonly logoUrl: string | null
  readonly color: string | null
}

/** The sign-in and the consent page as they will be, light and dark. A picture: nothing in it can be used. */
export function BrandingPreview({ name, logoUrl, color }: PreviewParts) {
  return (
    <div className="previews">
      {SCHEMES.map((scheme) => (
        <figure key={scheme}>
          <figcaption>{words.scheme[scheme]}</figcaption>
          <div className="preview" style={styleOf(scheme, color)} aria-hidden="true">
            <Header name={name} logoUrl={logoUrl} />
            <div className="preview-card">
              <p className="preview-title">{words.preview.signIn}</p>
              <p className="preview-label">{words.preview.email}</p>
              <span className="preview-input" />
              <span className="preview-button">{words.preview.signIn}</span>
            </div>
            <Header name={name} logoUrl={logoUrl} />
            <div className="preview-card">
              <p className="preview-title">{words.preview.allowApp}</p>
              <p className="preview-label">
                {words.preview.withdraw} <span className="preview-link">{words.preview.apps}</span>
              </p>
              <div className="preview-pair">
                <span className="preview-choice">{words.preview.deny}</span>
                <span className="preview-choice">{words.preview.allow}</span>
              </div>
            </div>
          </div>
        </figure>
      ))}
    </div>
  )
}

function Header({ name, logoUrl }: Omit<PreviewParts, 'color'>) {
  return (
    <p className="preview-header">
      {logoUrl !== null && <img className="preview-logo" src={logoUrl} alt="" />}
      {logoUrl === null && name === '' && <Mark />}
      <span>{name === '' ? location.host : name}</span>
    </p>
  )
}

function styleOf(scheme: Scheme, color: string | null): CSSProperties {
  const { used, text } = accentOn(scheme, color ?? USUAL_ACCENT[scheme])
  const colors = { ...PAGE_COLORS[scheme], accent: used, 'on-accent': text }
  return Object.fromEntries(Object.entries(colors).map(([name, value]) => [`--${name}`, value]))
}
