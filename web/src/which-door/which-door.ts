export type Door = 'admin_key' | 'key' | 'client' | 'client_credentials'

/** The kind of credential for a program, by whose data it reaches and who acts; null while an answer is missing. */
export function doorFor(whose: string | undefined, who: string | undefined): Door | null {
  if (whose === 'ours') return 'admin_key'
  if (whose !== 'customer' && whose !== 'users') return null
  if (who === 'person') return 'client'
  if (who !== 'program') return null
  return whose === 'customer' ? 'key' : 'client_credentials'
}

const ADDRESS = 'https://api.example.com/'

/** Credential that a program sends, for each kind. */
export function codeFor(door: Door, ours: string): string {
  switch (door) {
    case 'admin_key':
      return `curl ${ours}/v1/keys -H "Authorization: Bearer $DOORWARD_ADMIN_KEY"`
    case 'key':
      return `curl ${ADDRESS} -H "Authorization: Bearer $API_KEY"`
    case 'client':
      return `${ours}/oauth/authorize?response_type=code&client_id=CLIENT_ID&redirect_uri=REDIRECT_URI
  &scope=SCOPES&state=STATE&code_challenge=CHALLENGE&code_challenge_method=S256`
    case 'client_credentials':
      return `curl ${ours}/oauth/token -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials`
  }
}
