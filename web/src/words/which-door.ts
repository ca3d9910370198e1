/** Words of the page that leads a newcomer to the right kind of credential. */
export const doorWords = {
  title: 'Which credential?',
  lead: 'Two questions, and then the form for it.',
  whose: 'Whose data does the program reach?',
  whoses: {
    ours: ['Ours', 'Our own program, which manages keys or verifies credentials.'],
    customer: ['One customer’s', 'A customer’s own program, or one that we run for a customer.'],
    users: ['That of many users', 'An app that many people use, each with their own data.'],
  } as Readonly<Record<string, readonly [string, string]>>,
  who: 'Who acts?',
  whos: {
    program: ['A program by itself', 'A server, a script, a job at night. No person is there.'],
    person: ['A person, through an app', 'Someone signs in and allows the app what it may do.'],
  } as Readonly<Record<string, readonly [string, string]>>,
  answer: 'Then it is',
  answers: {
    admin_key: {
      title: 'An admin key',
      why: 'Your own programs call the management API with an admin key. Give it the permissions that it uses: an SDK that verifies needs “verify” and nothing else.',
      act: 'Create an admin key',
    },
    key: {
      title: 'An API key',
      why: 'It belongs to one owner, holds scopes, and can be rotated without downtime. The customer’s program sends it with every call.',
      act: 'Create a key',
    },
    client: {
      title: 'An OAuth app',
      why: 'People allow it what it may do, see it among their connected apps, and take it back there. No key is shared: each person gives a grant of their own.',
      act: 'Register an app',
    },
    client_credentials: {
      title: 'An OAuth app that acts for itself',
      why: 'A program of a partner that exchanges its own secret for short tokens (client credentials). An API key does the same with less; take this where the other side expects OAuth.',
      act: 'Register an app',
    },
  } as Readonly<Record<string, { readonly title: string; readonly why: string; readonly act: string }>>,
  code: 'How the program uses it',
  codeHint: 'The form shows this again, with the secret.',
}
