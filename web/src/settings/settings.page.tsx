import { useQuery } from '@tanstack/react-query'
import { useCan, useSession } from '../api/session.ts'
import { paths } from '../paths.ts'
import { ButtonLink } from '../ui/button.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Facts, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { policyWords } from '../words/policies.ts'
import { settingsWords as words } from '../words/settings.ts'
import { countWords, durationWords } from '../words/time-words.ts'
import { configuredPolicyQuery } from './settings.queries.ts'
import { SingleSignOnSection } from './single-sign-on.section.tsx'

/** Settings: the configuration, with links to staff and admin keys. */
export default function SettingsPage() {
  const can = useCan()
  const whyNot = useWhyNot()
  const { brand, public_url, environments } = useSession()
  const policy = useQuery({ ...configuredPolicyQuery, enabled: can('owners:read') })
  return (
    <Page title={words.title} lead={words.lead}>
      <Section
        title={words.staff}
        lead={words.staffLead}
        actions={
          <ButtonLink kind="quiet" to={paths.staff.to()} whyNot={whyNot('staff:read')}>
            {words.staff}
          </ButtonLink>
        }
      >
        {null}
      </Section>
      {can('staff:read') && <SingleSignOnSection />}
      <Section
        title={words.branding}
        lead={words.brandingLead}
        actions={
          <ButtonLink kind="quiet" to={paths.branding.to()}>
            {words.branding}
          </ButtonLink>
        }
      >
        {null}
      </Section>
      <Section
        title={words.adminKeys}
        lead={words.adminKeysLead}
        actions={
          <ButtonLink kind="quiet" to={paths.adminKeys.to()} whyNot={whyNot('admin_keys:read')}>
            {words.adminKeys}
          </ButtonLink>
        }
      >
        {null}
      </Section>
      {can('owners:read') && (
        <Section
          title={policyWords.title}
          lead={policyWords.inSettings}
          actions={
            <ButtonLink kind="quiet" to={paths.policies.to()}>
              {policyWords.title}
            </ButtonLink>
          }
        >
          {null}
        </Section>
      )}
      <Section title={words.installation} lead={words.installationLead}>
        <div className="card">
          <Facts
            facts={[
              [words.address, public_url],
              [words.brand, brand ?? words.noBrand],
              [words.environments, environments.join(', ')],
            ]}
          />
          {can('owners:read') && (
            <Loaded query={policy}>
              {({ max_lifetime_seconds: longest, max_keys }) => (
                <>
                  <p className="hint policy-hint">{words.policyHint}</p>
                  <Facts
                    facts={[
                      [words.lifetime, longest === null ? words.unbounded : durationWords(longest)],
                      [words.maxKeys, countWords(max_keys)],
                    ]}
                  />
                </>
              )}
            </Loaded>
          )}
        </div>
      </Section>
    </Page>
  )
}
