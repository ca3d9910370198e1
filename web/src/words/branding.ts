import type { LogoRefusal } from '../../../src/branding/logo.ts'

/** Words of the branding. */
export const brandingWords = {
  title: 'Branding',
  lead: 'On the pages where people sign in, allow apps and see what they have connected. Other servers show a change within five seconds.',
  name: 'Product name',
  nameHint: 'Shown instead of the host, at most 60 characters.',
  logo: 'Logo',
  logoHint:
    'PNG, JPEG or WebP, at most 64 kB and 1024 pixels on each side. It is shown on light and on dark.',
  removeLogo: 'Remove the logo',
  logoRefused: (refusal: LogoRefusal) => {
    switch (refusal.why) {
      case 'too_many_bytes':
        return `The file has ${Math.ceil(refusal.bytes / 1024)} kB; at most 64 kB are allowed.`
      case 'svg':
        return 'This is an SVG. An SVG can carry script: export it as PNG or WebP.'
      case 'unknown_format':
        return 'This is not a PNG, JPEG or WebP, whatever its name says.'
      case 'damaged':
        return `This ${refusal.format.toUpperCase()} is damaged, animated, or has something after its end. Export it again.`
      case 'too_large':
        return `The image has ${refusal.width} × ${refusal.height} pixels; at most 1024 on each side are allowed.`
    }
  },
  accent: 'Accent colour',
  accentHint: 'Of buttons and links. Where it is hard to read, a darker or lighter one is used.',
  pickColor: 'Pick the accent colour',
  usualColor: 'none: green',
  noColor: 'Write it as #rrggbb, such as #0b66d8.',
  scheme: { light: 'Light pages', dark: 'Dark pages' },
  given: (color: string, ratio: number) => `${color}, contrast ${ratio} : 1`,
  used: (color: string, ratio: number) => `${color} is used, ${ratio} : 1`,
  textOn: (color: string, ratio: number) =>
    `${color === '#000000' ? 'Black' : 'White'} text on it, ${ratio} : 1`,
  support: 'Support link',
  supportHint: 'https://… or mailto:…, below the page.',
  privacy: 'Privacy policy',
  terms: 'Terms of service',
  unsaved: 'These changes are not saved yet.',
  stay: 'Save or discard your changes before you leave.',
  saved: 'Saved. Pages show it now.',
  nothingChanged: 'Nothing is changed.',
  save: 'Save',
  discard: 'Discard changes',
  preview: {
    signIn: 'Sign in',
    email: 'E-mail address',
    allowApp: 'Allow Example App?',
    withdraw: 'You can withdraw it under',
    apps: 'Connected apps',
    allow: 'Allow',
    deny: 'Deny',
  },
}
