interface Said {
  readonly title: string
  /** Missing: the API's own sentence, which names what it is about. */
  readonly detail?: string
}

/** Words for refusals of the API; those that are not here are said as the API says them. */
export const problemWords = {
  refused: 'That was refused',
  ours: 'Something went wrong on the server',
  bug: { title: 'This page has a fault', detail: 'Reload the page. If it happens again, report it.' },
  requestId: 'Request',
  tryAgain: 'Try again',
  confirm: 'Confirm it is you',
  byCode: {
    no_answer: {
      title: 'The server does not answer',
      detail:
        'Check your connection. If you were changing something, look first if it was done: the request may have arrived.',
    },
    secret_in_url: {
      title: 'That holds a secret, and was not sent',
      detail: 'Paste the secret into the search of Keys: it finds the key by the hash.',
    },
    unreadable: {
      title: 'The answer cannot be read',
      detail: 'Something between here and the server answered instead.',
    },
    not_found: {
      title: 'Not found',
      detail: 'There is nothing with this id, or you may not see it.',
    },
    insufficient_permission: { title: 'You may not do that' },
    environment_not_covered: { title: 'You may not do that in this environment' },
    fresh_proof_required: { title: 'Confirm that it is you' },
    changed_meanwhile: {
      title: 'It was changed meanwhile',
      detail:
        'A change was saved after you opened this, by somebody else or in another tab. Nothing was saved now. Open it again to see what it is, and decide then.',
    },
    finding_changed: { title: 'It is not as it was shown any more' },
    finding_gone: { title: 'The finding is gone' },
    database_unavailable: { title: 'The database does not answer' },
    database_timeout: { title: 'The database took too long' },
  } as Readonly<Record<string, Said | undefined>>,
}
