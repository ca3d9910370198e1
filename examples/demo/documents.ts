/** Client id metadata documents of the made-up assistants, which have no server to fetch them from. */
export const ASSISTANT = 'https://hearth-assistant.example/oauth/client.json'
export const RESEARCHER = 'https://fieldnotes-ai.example/client-metadata.json'

export const DOCUMENTS: ReadonlyMap<string, object> = new Map([
  [
    ASSISTANT,
    {
      client_id: ASSISTANT,
      client_name: 'Hearth Assistant',
      client_uri: 'https://hearth-assistant.example',
      redirect_uris: ['https://hearth-assistant.example/oauth/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
  ],
  [
    RESEARCHER,
    {
      client_id: RESEARCHER,
      client_name: 'Fieldnotes AI',
      client_uri: 'https://fieldnotes-ai.example',
      redirect_uris: ['https://fieldnotes-ai.example/cb'],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
  ],
])
