export const HTTP = ['http:', 'https:']
export const REDIS = ['redis:', 'rediss:']
export const POSTGRES = ['postgres:', 'postgresql:']

export function isUrl(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol)
}
