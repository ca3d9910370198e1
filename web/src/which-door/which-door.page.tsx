import { useSession } from '../api/session.ts'
import { paths } from '../paths.ts'
import { ButtonLink } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { CopyField } from '../ui/copy.tsx'
import { Section } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useUrlQuery } from '../ui/url-query.ts'
import { useWhyNot } from '../ui/why-not.ts'
import { doorWords as words } from '../words/which-door.ts'
import { codeFor, type Door, doorFor } from './which-door.ts'

const FORMS = {
  admin_key: { permission: 'admin_keys:write', to: paths.newAdminKey.to() },
  key: { permission: 'keys:write', to: paths.newKey.to() },
  client: { permission: 'clients:write', to: paths.newClient.to() },
  client_credentials: { permission: 'clients:write', to: paths.newClient.to() },
} as const

/** Two questions that end in the form for a key or an app. */
export default function WhichDoorPage() {
  const { query, set } = useUrlQuery(['whose', 'who'])
  const door = doorFor(query.whose, query.who)
  return (
    <Page title={words.title} lead={words.lead}>
      <div className="form card doors">
        <Question
          name="whose"
          title={words.whose}
          answers={words.whoses}
          chosen={query.whose}
          onChoose={(whose) => set({ whose })}
        />
        {query.whose !== undefined && query.whose !== 'ours' && (
          <Question
            name="who"
            title={words.who}
            answers={words.whos}
            chosen={query.who}
            onChoose={(who) => set({ who })}
          />
        )}
      </div>
      <div role="status">{door !== null && <Answer door={door} />}</div>
    </Page>
  )
}

function Question(parts: {
  readonly name: string
  readonly title: string
  readonly answers: Readonly<Record<string, readonly [string, string]>>
  readonly chosen: string | undefined
  readonly onChoose: (answer: string) => void
}) {
  const { name, title, answers, chosen, onChoose } = parts
  return (
    <fieldset>
      <legend>{title}</legend>
      {Object.entries(answers).map(([answer, [label, hint]]) => (
        <Choice
          key={answer}
          group={name}
          label={label}
          hint={hint}
          isChosen={chosen === answer}
          onChoose={() => onChoose(answer)}
        />
      ))}
    </fieldset>
  )
}

function Answer({ door }: { readonly door: Door }) {
  const whyNot = useWhyNot()
  const { public_url } = useSession()
  const { permission, to } = FORMS[door]
  const said = words.answers[door]
  return (
    <Section title={`${words.answer}: ${said?.title ?? ''}`} lead={said?.why}>
      <div className="form-end">
        <ButtonLink to={to} whyNot={whyNot(permission)}>
          {said?.act}
        </ButtonLink>
      </div>
      <CopyField
        label={words.code}
        value={codeFor(door, public_url)}
        hint={words.codeHint}
        lines={door === 'client' ? 2 : 1}
      />
    </Section>
  )
}
