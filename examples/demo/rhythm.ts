/** Daily and weekly rhythm of a program's calls, in UTC. */
export type Rhythm = 'steady' | 'shop' | 'office' | 'nightly' | 'weekly'

/** Share of the calls of a usual hour that fall into this hour; 0: it rests. */
export function weightAt(rhythm: Rhythm, at: Date): number {
  const hour = at.getUTCHours()
  const day = at.getUTCDay()
  const isWeekend = day === 0 || day === 6
  switch (rhythm) {
    case 'steady':
      return (0.35 + 0.65 * bell(hour, 14, 6)) * (isWeekend ? 0.8 : 1)
    case 'shop':
      return hour < 7 || hour > 19 || day === 0 ? 0 : bell(hour, 13, 4.5) * (day === 6 ? 1.4 : 1)
    case 'office':
      return isWeekend || hour < 7 || hour > 18 ? 0 : bell(hour, 12, 4)
    case 'nightly':
      return hour === 2 ? 1 : 0
    case 'weekly':
      return day === 1 && hour === 8 ? 1 : 0
  }
}

function bell(hour: number, middle: number, width: number): number {
  return Math.exp(-(((hour - middle) / width) ** 2) / 2)
}
