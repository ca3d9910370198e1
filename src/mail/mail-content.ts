/** Source of a mail, of which its text and its HTML are made. It holds words, never markup and never a secret. */
export interface MailContent {
  readonly subject: string
  readonly parts: readonly MailPart[]
  /** Why its recipient gets it: the last lines. */
  readonly because: string
}

export type MailPart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'item'
      readonly title: string
      readonly facts: readonly string[]
      /** True: it needs an act of the recipient soon. */
      readonly isUrgent: boolean
    }
  /** A page of this server, below `PUBLIC_URL`: no link to anywhere else is in a mail. */
  | { readonly kind: 'link'; readonly words: string; readonly path: string }

/** The API provider as mails show it. */
export interface MailBrand {
  readonly name: string
  readonly publicUrl: string
  readonly accent: { readonly light: MailAccent; readonly dark: MailAccent }
  /** Sent with the mail, because mail programs do not fetch images. */
  readonly logo: MailLogo | null
  readonly links: readonly { readonly words: string; readonly url: string }[]
}

export interface MailAccent {
  readonly used: string
  readonly text: string
}

export interface MailLogo {
  readonly content: Buffer
  readonly type: string
  readonly width: number
  readonly height: number
}
