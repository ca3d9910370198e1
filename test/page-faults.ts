/** Sizes at which pages are looked at. */
export const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
] as const

/** Accessibility faults of a page, found in the page itself. */
export const FAULTS = `(() => {
  const faults = []
  const parse = (color) => color.match(/[\\d.]+/g).map(Number)
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0)
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor)
      if (color.length === 3 || color[3] === 1) return color
    }
    return [255, 255, 255]
  }
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y)
    return (light + 0.05) / (dark + 0.05)
  }
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest('svg')) continue
    const style = getComputedStyle(element)
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')
    if ((hasText || element.matches('input:not([type=hidden])')) && contrast(parse(style.color), groundOf(element)) < 4.5)
      faults.push('too faint: ' + element.outerHTML.slice(0, 80))
    if (element.matches('input:not([type=hidden])')) {
      if (!element.labels.length || element.labels[0].textContent.trim() === '') faults.push('no label: ' + element.id)
      if (!element.readOnly && contrast(parse(style.borderTopColor), groundOf(element.parentElement)) < 3) faults.push('faint edge: ' + element.id)
    }
    const box = element.getBoundingClientRect()
    if (element.matches('button, input:not([type=hidden])') && box.height < 44) faults.push('too small: ' + element.outerHTML.slice(0, 80))
  }
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one heading')
  if (document.querySelectorAll('main').length !== 1) faults.push('not one main')
  if (document.documentElement.lang === '') faults.push('no language')
  if (document.documentElement.scrollWidth > innerWidth) faults.push('scrolls sideways')
  return faults
})()`
