export const AUTHORIZE_PATH = '/oauth/authorize'
export const CONSENT_PATH = '/oauth/consent'
export const REFUSED_PATH = '/oauth/refused'
