import { useQuery } from '@tanstack/react-query'
import { paths } from '../paths.ts'
import { Loaded } from '../ui/loading.tsx'
import { Page } from '../ui/page.tsx'
import { brandingWords as words } from '../words/branding.ts'
import { settingsWords } from '../words/settings.ts'
import { BrandingForm } from './branding.form.tsx'
import { brandingQuery } from './branding.queries.ts'

/** Name, logo, colour and links of the pages for people. */
export default function BrandingPage() {
  const query = useQuery(brandingQuery)
  return (
    <Page
      title={words.title}
      lead={words.lead}
      above={[{ to: paths.settings.to(), words: settingsWords.title }]}
    >
      <Loaded query={query}>{(branding) => <BrandingForm branding={branding} />}</Loaded>
    </Page>
  )
}
