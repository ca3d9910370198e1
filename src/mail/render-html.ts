import { Html, html } from '../pages/html.ts'
import type { MailBrand, MailContent, MailPart } from './mail-content.ts'
import { plainLine } from './plain-line.ts'

/** Content-ID of the logo in the mail itself. */
export const LOGO_CID = 'logo@doorward'
/** Of the logo, in pixels. */
const LOGO_HEIGHT = 32
const MAX_LOGO_WIDTH = 240

/**
 * The mail as HTML: one column, no image but the logo that it brings, no script, no link that counts its readers.
 * Styles are on the elements as well, because some mail programs drop style sheets; they then show the light colours.
 */
export function renderHtml({ subject, parts, because }: MailContent, brand: MailBrand): string {
  const { light } = brand.accent
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${plainLine(subject)}</title>
${sheetOf(brand)}
</head>
<body class="ground" style="margin:0;padding:24px 12px;background:#f3f5f4;color:#16211f;font:16px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<div class="card" style="max-width:600px;margin:0 auto;background:#ffffff;border:1px solid #dfe5e3;border-top:4px solid ${light.used};border-radius:8px;padding:24px">
<div style="font-weight:600;margin:0 0 16px">${logoOf(brand)}<span style="vertical-align:middle">${plainLine(brand.name)}</span></div>
<h1 style="font-size:20px;line-height:1.3;margin:0 0 16px">${plainLine(subject)}</h1>
${parts.map((part) => htmlOf(part, brand))}
</div>
<div class="soft" style="max-width:600px;margin:16px auto 0;color:#53615e;font-size:13px">
<p style="margin:0 0 8px">${plainLine(because)}</p>
${brand.links.length > 0 && html`<p style="margin:0">${brand.links.map(({ words, url }) => html`<a href="${plainLine(url)}" class="soft" style="color:#53615e">${plainLine(words)}</a> `)}</p>`}
</div>
</body>
</html>
`.text
}

function htmlOf(part: MailPart, { publicUrl, accent: { light } }: MailBrand): Html {
  switch (part.kind) {
    case 'text':
      return html`<p style="margin:0 0 16px">${plainLine(part.text)}</p>\n`
    case 'link':
      return html`<p style="margin:0 0 16px"><a class="act" href="${publicUrl}${plainLine(part.path)}" style="display:inline-block;background:${light.used};color:${light.text};text-decoration:none;font-weight:600;padding:10px 16px;border-radius:6px">${plainLine(part.words)}</a></p>\n`
    case 'item':
      return html`<div class="${part.isUrgent ? 'item urgent' : 'item'}" style="border:1px solid #dfe5e3;border-left:4px solid ${part.isUrgent ? '#b3261e' : light.used};border-radius:6px;padding:10px 14px;margin:0 0 12px;overflow-wrap:anywhere">
<div style="font-weight:600">${plainLine(part.title)}</div>
${part.facts.map((fact) => html`<div class="soft" style="color:#53615e;font-size:14px">${plainLine(fact)}</div>\n`)}</div>\n`
  }
}

function logoOf({ logo }: MailBrand): Html | null {
  if (logo === null) return null
  const height = Math.min(LOGO_HEIGHT, Math.round((MAX_LOGO_WIDTH * logo.height) / logo.width) || 1)
  const width = Math.max(1, Math.round((height * logo.width) / logo.height))
  return html`<img src="cid:${LOGO_CID}" alt="" width="${width}" height="${height}" style="vertical-align:middle;margin-right:10px">`
}

/** The dark colours. Colours of the brand were checked when they were set: `#` and six digits. */
function sheetOf({ accent: { dark } }: MailBrand): Html {
  return new Html(`<style>
:root{color-scheme:light dark}
@media (prefers-color-scheme:dark){
.ground{background:#0e1413!important;color:#e8eeec!important}
.card{background:#161e1c!important;border-color:#27322f!important;border-top-color:${dark.used}!important}
.item{border-color:#27322f!important;border-left-color:${dark.used}!important}
.urgent{border-left-color:#f2867f!important}
.soft{color:#a3b1ad!important}
.act{background:${dark.used}!important;color:${dark.text}!important}
}
</style>`)
}
