/** A secret in a program: one for each language that people ask for. None holds the secret: it is read from the environment. */
export interface Snippet {
  readonly id: string
  readonly language: string
  readonly code: string
}

/** Name of the environment variable for a key of an API: `ORDERS_API_KEY`. */
export function variableName(apiName: string): string {
  const words = apiName.toUpperCase().match(/[A-Z0-9]+/g) ?? []
  const own = words.filter((word) => word !== 'API' && word !== 'DEFAULT')
  return [...(/^[A-Z]/.test(own[0] ?? '') ? own : ['MY']), 'API_KEY'].join('_')
}

/** @param url where the API is reached */
export function snippetsFor(variable: string, url: string): readonly Snippet[] {
  return [
    {
      id: 'node',
      language: 'Node',
      code: `const answer = await fetch('${url}', {
  headers: { authorization: \`Bearer \${process.env.${variable}}\` },
})`,
    },
    {
      id: 'python',
      language: 'Python',
      code: `import os, requests

answer = requests.get(
    "${url}",
    headers={"Authorization": f"Bearer {os.environ['${variable}']}"},
)`,
    },
    {
      id: 'go',
      language: 'Go',
      code: `request, _ := http.NewRequest("GET", "${url}", nil)
request.Header.Set("Authorization", "Bearer "+os.Getenv("${variable}"))
answer, err := http.DefaultClient.Do(request)`,
    },
    {
      id: 'php',
      language: 'PHP',
      code: `$answer = file_get_contents('${url}', false, stream_context_create([
    'http' => ['header' => 'Authorization: Bearer ' . getenv('${variable}')],
]));`,
    },
    {
      id: 'ruby',
      language: 'Ruby',
      code: `require 'net/http'
answer = Net::HTTP.get(URI('${url}'),
  'Authorization' => "Bearer #{ENV.fetch('${variable}')}")`,
    },
  ]
}

export function curlLine(secret: string, url: string): string {
  return `curl ${url} -H 'Authorization: Bearer ${secret}'`
}
