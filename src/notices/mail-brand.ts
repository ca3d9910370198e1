import { accentOn, USUAL_ACCENT } from '../branding/accent.ts'
import type { Branding } from '../branding/branding.ts'
import type { MailBrand } from '../mail/mail-content.ts'

/** The branding as mails show it. A WebP logo is left out: many mail programs do not know the format. */
export function mailBrandOf(
  { productName, accentColor, logo, supportUrl, privacyUrl, termsUrl }: Branding,
  publicUrl: string,
): MailBrand {
  const accent = (scheme: 'light' | 'dark') => accentOn(scheme, accentColor ?? USUAL_ACCENT[scheme])
  const links = [
    ['Help', supportUrl],
    ['Privacy', privacyUrl],
    ['Terms', termsUrl],
  ] as const
  return {
    name: productName ?? new URL(publicUrl).host,
    publicUrl,
    accent: { light: accent('light'), dark: accent('dark') },
    logo:
      logo === null || logo.format === 'webp'
        ? null
        : {
            content: Buffer.from(logo.bytes),
            type: `image/${logo.format}`,
            width: logo.width,
            height: logo.height,
          },
    links: links.flatMap(([words, url]) => (url === null ? [] : [{ words, url }])),
  }
}
