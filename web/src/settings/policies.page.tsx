import { useQuery } from '@tanstack/react-query'
import { paths } from '../paths.ts'
import { ButtonLink } from '../ui/button.tsx'
import { Loaded } from '../ui/loading.tsx'
import { Badge, Notice, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Time } from '../ui/time.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { policyWords as words } from '../words/policies.ts'
import { settingsWords } from '../words/settings.ts'
import { type EnvironmentPolicy, policiesQuery } from './policy.queries.ts'
import { PolicyFacts } from './policy-facts.tsx'

/** The environments with their rules. */
export default function PoliciesPage() {
  const policies = useQuery(policiesQuery())
  return (
    <Page
      title={words.title}
      lead={words.lead}
      above={[{ to: paths.settings.to(), words: settingsWords.title }]}
    >
      <Loaded query={policies}>
        {({ data }) => data.map((policy) => <Environment key={policy.environment} policy={policy} />)}
      </Loaded>
    </Page>
  )
}

function Environment({ policy }: { readonly policy: EnvironmentPolicy }) {
  const whyNot = useWhyNot()
  const { environment, is_test: isTest, shortening, dating, changed_at } = policy
  return (
    <Section
      title={environment}
      lead={
        <>
          {isTest && (
            <>
              <Badge>{words.test}</Badge>{' '}
            </>
          )}
          {isTest ? words.mayChangeTest : words.mayChangeLive}
        </>
      }
      actions={
        <ButtonLink
          kind="quiet"
          label={words.changeOf(environment)}
          to={paths.editPolicy.to(environment)}
          whyNot={whyNot('policies:write')}
        >
          {words.change}
        </ButtonLink>
      }
    >
      {shortening !== null && shortening.finished_at === null && (
        <Notice kind="warn" title={words.running} isAnnounced>
          <p>{words.runningSoFar(shortening.secrets_shortened, shortening.secrets_ended)}</p>
        </Notice>
      )}
      {dating !== null && dating.finished_at === null && (
        <Notice kind="warn" title={words.dating} isAnnounced>
          <p>{words.datingSoFar(dating.keys_dated)}</p>
        </Notice>
      )}
      <div className="card">
        <PolicyFacts policy={policy} />
        <p className="hint policy-hint">
          {words.lastChanged}: <Time at={changed_at} ifNone={words.neverChanged} />
        </p>
      </div>
    </Section>
  )
}
