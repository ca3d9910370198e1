import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { BrandingChangeWire, BrandingWire } from '../../../src/branding/branding.wire.ts'
import { faultAt } from '../api/problem.ts'
import { change } from '../api/request.ts'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { Notice } from '../ui/notice.tsx'
import { ProblemBox } from '../ui/problem-box.tsx'
import { useStay } from '../ui/stay.ts'
import { useAct } from '../ui/use-act.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { brandingWords as words } from '../words/branding.ts'
import { AccentField } from './accent-field.tsx'
import { type Branding, brandingQuery } from './branding.queries.ts'
import { type BrandingDraft, bodyOf, draftOf, isColor } from './branding-draft.ts'
import { BrandingPreview } from './branding-preview.tsx'
import { LogoField } from './logo-field.tsx'

type TextField = Exclude<keyof BrandingDraft, 'logo'>

/** The form, and beside it the pages as they will be. */
export function BrandingForm({ branding }: { readonly branding: Branding }) {
  const [opened, setOpened] = useState(branding)
  const [draft, setDraft] = useState(() => draftOf(opened))
  const [isSaved, setSaved] = useState(false)
  const whyNot = useWhyNot()('branding:write')
  const cache = useQueryClient()
  const act = useAct()
  const body = bodyOf(draft, branding)
  const isChanged = Object.keys(body).length > 0
  const fill = (changes: Partial<BrandingDraft>) => {
    setDraft({ ...draft, ...changes })
    setSaved(false)
  }
  const text = (name: TextField, maxLength: number) => ({
    value: draft[name],
    maxLength,
    autoComplete: 'off',
    onChange: (event: { target: { value: string } }) => fill({ [name]: event.target.value }),
  })
  const save = async () => {
    if (!isChanged || whyNot !== null) return
    const done = await act.run(async () => {
      const after = await change<typeof BrandingWire, typeof BrandingChangeWire>(
        'PATCH',
        '/v1/branding',
        body,
        { since: opened },
      )
      cache.setQueryData(brandingQuery.queryKey, after)
      return after
    })
    if (done === undefined) return
    setOpened(done)
    setDraft(draftOf(done))
    setSaved(true)
  }
  const { error } = act
  return (
    <div className="branding">
      <form
        className="card"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <ProblemBox error={error} />
        <Field label={words.name} hint={words.nameHint} error={faultAt(error, '/product_name')}>
          {(ids) => <input {...ids} {...text('productName', 60)} />}
        </Field>
        <LogoField
          logo={draft.logo}
          stored={branding.logo}
          error={faultAt(error, '/logo')}
          onChange={(logo) => fill({ logo })}
        />
        <AccentField
          color={draft.accentColor}
          error={faultAt(error, '/accent_color')}
          onChange={(accentColor) => fill({ accentColor })}
        />
        <Field label={words.support} hint={words.supportHint} error={faultAt(error, '/support_url')}>
          {(ids) => <input {...ids} type="url" {...text('supportUrl', 300)} />}
        </Field>
        <Field label={words.privacy} error={faultAt(error, '/privacy_url')}>
          {(ids) => <input {...ids} type="url" {...text('privacyUrl', 300)} />}
        </Field>
        <Field label={words.terms} error={faultAt(error, '/terms_url')}>
          {(ids) => <input {...ids} type="url" {...text('termsUrl', 300)} />}
        </Field>
        {isChanged && whyNot === null && <Unsaved />}
        {isSaved && !isChanged && (
          <Notice kind="good" isAnnounced>
            <p>{words.saved}</p>
          </Notice>
        )}
        <div className="form-end">
          <Button
            type="submit"
            busy={act.isBusy}
            whyNot={whyNot ?? (isChanged ? null : words.nothingChanged)}
          >
            {words.save}
          </Button>
          {isChanged && (
            <Button kind="quiet" onClick={() => setDraft(draftOf(branding))}>
              {words.discard}
            </Button>
          )}
        </div>
      </form>
      <BrandingPreview
        name={draft.productName.trim()}
        logoUrl={logoUrlOf(draft, branding)}
        color={isColor(draft.accentColor) ? draft.accentColor.toLowerCase() : null}
      />
    </div>
  )
}

/** Keeps the reader here until the changes are saved or discarded. */
function Unsaved() {
  const { tries } = useStay()
  return (
    <Notice kind={tries > 0 ? 'alert' : 'warn'} isAnnounced>
      <p>{tries > 0 ? words.stay : words.unsaved}</p>
    </Notice>
  )
}

function logoUrlOf({ logo }: BrandingDraft, branding: Branding): string | null {
  if (logo === 'kept') return branding.logo === null ? null : new URL(branding.logo.url).pathname
  return logo === null ? null : `data:${logo.type};base64,${logo.base64}`
}
