/** CSV injection: first characters of a cell that a spreadsheet runs as a formula. */
const FORMULA = /^[=+\-@\t\r]/

/**
 * A row of CSV (RFC 4180 §2). A cell that a spreadsheet would run as a formula gets an apostrophe before it: names and ids
 * in it come from strangers.
 */
export function csvRow(cells: readonly (string | number | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

function csvCell(value: string | number | null): string {
  if (value === null) return ''
  const text = String(value)
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n\t]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
