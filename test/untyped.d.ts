// Clients without types of their own.

declare module 'passport-oauth2' {
  type Done = (error: unknown, user?: object) => void
  export default class OAuth2Strategy {
    constructor(
      options: object,
      verify: (accessToken: string, refreshToken: string, profile: object, done: Done) => void,
    )
    userProfile: (accessToken: string, done: Done) => void
    authenticate(request: object, options: object): void
  }
}

declare module 'simple-oauth2' {
  interface AccessToken {
    readonly token: Readonly<Record<string, unknown>>
    refresh(): Promise<AccessToken>
    revoke(kind: 'access_token' | 'refresh_token'): Promise<void>
  }
  export class AuthorizationCode {
    constructor(options: object)
    authorizeURL(parameters: object): string
    getToken(parameters: object): Promise<AccessToken>
  }
  export class ClientCredentials {
    constructor(options: object)
    getToken(parameters: object): Promise<AccessToken>
  }
}

declare module 'oidc-provider' {
  export default class Provider {
    constructor(issuer: string, configuration: object)
    on(event: string, listener: (context: unknown, error: Error) => void): void
    listen(port: number, host: string, ready: () => void): void
    callback(): (request: object, response: object) => void
    interactionFinished(request: object, response: object, result: object): Promise<void>
  }
}

// Express 4 under another name, for the tests of its adapter, with the types of 5.
declare module 'express4' {
  import express from 'express'
  export default express
}
