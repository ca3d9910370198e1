import { useQuery } from '@tanstack/react-query'
import { useSession } from '../api/session.ts'
import { OpenFindings } from '../findings/open-findings.part.tsx'
import { paths } from '../paths.ts'
import { Bars } from '../ui/bars.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { Chart } from '../ui/chart.tsx'
import { boundedWords } from '../ui/count-words.ts'
import { Loaded } from '../ui/loading.tsx'
import { Empty, Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { msOf } from '../ui/time.tsx'
import { useWhyNot } from '../ui/why-not.ts'
import { keyWords } from '../words/keys.ts'
import { outcomeName } from '../words/outcomes.ts'
import { overviewWords as words } from '../words/overview.ts'
import { AttentionList } from './attention-list.tsx'
import { HealthOfServer } from './health-of-server.tsx'
import { type Overview, overviewQuery } from './overview.queries.ts'
import { RotationsUnderWay } from './rotations-under-way.tsx'

/** The first page: what happened, and what needs a look. */
export default function OverviewPage() {
  const overview = useQuery(overviewQuery)
  const { bound_to_environments: isBound, environments } = useSession()
  const whyNot = useWhyNot()
  return (
    <Page
      title={words.title}
      lead={isBound ? words.leadWithin(environments) : words.lead}
      actions={
        <>
          <ButtonLink to={paths.newKey.to()} whyNot={whyNot('keys:write')}>
            {words.create}
          </ButtonLink>
          <ButtonLink kind="quiet" to={paths.whichDoor.to()}>
            {words.which}
          </ButtonLink>
        </>
      }
    >
      <Loaded query={overview}>{(found) => <Content overview={found} />}</Loaded>
    </Page>
  )
}

function Content({ overview }: { readonly overview: Overview }) {
  const { usage, states, ages, expiring, rotations, attention, health } = overview
  const keys = Object.values(states).reduce((sum, { count }) => sum + count, 0)
  return (
    <>
      {keys === 0 && (
        <Empty title={words.noneTitle}>
          <p>{words.none}</p>
        </Empty>
      )}
      <Section title={words.attention}>
        <AttentionList attention={attention} />
        <OpenFindings />
      </Section>
      <Section title={words.usage}>
        {usage === null ? <p className="soft">{words.usageOfAll}</p> : <Verifications usage={usage} />}
      </Section>
      <div className="overview-pair">
        <Section title={words.states}>
          <Bars
            caption={words.states}
            heads={[keyWords.state, words.keys]}
            bars={Object.entries(states).map(([state, count]) => ({
              id: state,
              name: keyWords.states[state as keyof typeof keyWords.states] ?? state,
              value: count.count,
              said: boundedWords(count),
            }))}
          />
        </Section>
        <Section title={words.ages} lead={words.agesLead}>
          <Bars
            caption={words.ageCaption}
            heads={[words.age, words.keys]}
            bars={ages.map(({ from_days, to_days, keys: count }) => ({
              id: String(from_days),
              name: words.ageOf(from_days, to_days),
              value: count.count,
              said: boundedWords(count),
            }))}
          />
        </Section>
      </div>
      <Expiring days={expiring.days} />
      <Section title={words.rotations}>
        <RotationsUnderWay rotations={rotations} />
      </Section>
      {health !== null && (
        <Section title={words.health}>
          <HealthOfServer health={health} />
        </Section>
      )}
    </>
  )
}

function Verifications({ usage }: { readonly usage: NonNullable<Overview['usage']> }) {
  return (
    <Chart
      title={words.usage}
      buckets={usage.buckets.map(msOf)}
      stepSeconds={usage.step_seconds}
      series={usage.series.map(({ outcome, total, values }, at) => ({
        name: outcomeName(outcome),
        tone: outcome === 'accepted' ? ('good' as const) : Math.min(Math.max(1, at), MOST_TONES),
        total,
        values,
      }))}
      empty={words.usageEmpty}
    />
  )
}

/** Further series have the colour of the last. */
const MOST_TONES = 6
const DAY_SECONDS = 86_400

/** The calendar of the next 90 days. */
function Expiring({ days }: { readonly days: Overview['expiring']['days'] }) {
  const values = days.map(({ keys }) => keys.count)
  const end = days.at(-1)?.on
  return (
    <Section
      title={words.expiring}
      lead={words.expiringLead}
      actions={
        end !== undefined && (
          <ButtonLink
            kind="quiet"
            to={paths.keys.to({
              expiring_before: new Date(msOf(end) + DAY_SECONDS * 1000).toISOString(),
              sort: 'expires',
            })}
          >
            {words.expiringList}
          </ButtonLink>
        )
      }
    >
      <Chart
        title={words.expiring}
        buckets={days.map(({ on }) => msOf(on))}
        stepSeconds={DAY_SECONDS}
        series={[
          {
            name: words.expiringSeries,
            tone: 2,
            total: values.reduce((sum, each) => sum + each, 0),
            values,
          },
        ]}
        empty={words.expiringEmpty}
      />
    </Section>
  )
}
