import { scaleBand, scaleLinear } from 'd3-scale'
import { useEffect, useId, useRef, useState } from 'react'
import { appWords as words } from '../words/app.ts'
import { countWords, exactWords } from '../words/time-words.ts'

/** One colour of a chart. `tone` decides it: what is fine, what was refused, or the n-th of several. */
export interface ChartSeries {
  readonly name: string
  readonly tone: 'good' | 'alert' | number
  readonly total: number
  /** One for each bucket. */
  readonly values: readonly number[]
}

interface ChartParts {
  readonly title: string
  /** When each bucket begins, in milliseconds. */
  readonly buckets: readonly number[]
  readonly stepSeconds: number
  readonly series: readonly ChartSeries[]
  readonly empty: string
  readonly height?: number
}

const MARGIN = { top: 8, right: 4, bottom: 20, left: 40 }
const TICKS = 4

/** Bars over time, stacked by series; the same numbers as a table beside it, for those who cannot or would not look. */
export function Chart({ title, buckets, stepSeconds, series, empty, height = 160 }: ChartParts) {
  const caption = useId()
  const [box, width] = useWidth()
  const sums = buckets.map((_, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0))
  const most = Math.max(1, ...sums)
  const x = scaleBand<number>()
    .domain(buckets.map((_, at) => at))
    .range([MARGIN.left, width - MARGIN.right])
    .paddingInner(0.15)
  const y = scaleLinear()
    .domain([0, most])
    .nice(TICKS)
    .range([height - MARGIN.bottom, MARGIN.top])
  const ticks = y.ticks(TICKS).filter(Number.isInteger)
  const total = sums.reduce((sum, each) => sum + each, 0)
  return (
    <figure className="chart" aria-labelledby={caption}>
      <figcaption id={caption} className="unseen">
        {title}
      </figcaption>
      <ul className="legend">
        {series.map(({ name, tone, total: of }) => (
          <li key={name}>
            <span className="swatch" data-tone={tone} aria-hidden="true" />
            {name} <strong>{countWords(of)}</strong>
          </li>
        ))}
      </ul>
      <div ref={box}>
        {total === 0 ? (
          <p className="chart-empty">{empty}</p>
        ) : (
          <svg width={width} height={height} aria-hidden="true">
            {ticks.map((tick) => (
              <g key={tick} className="chart-tick">
                <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y(tick)} y2={y(tick)} />
                <text x={MARGIN.left - 6} y={y(tick)} dy="0.32em" textAnchor="end">
                  {shortCount(tick)}
                </text>
              </g>
            ))}
            {buckets.map((bucket, at) => {
              let below = 0
              return (
                <g key={bucket}>
                  <title>{`${bucketWords(bucket, stepSeconds)}: ${countWords(sums[at] ?? 0)}`}</title>
                  {series.map(({ name, tone, values }) => {
                    const value = values[at] ?? 0
                    if (value === 0) return null
                    const [top, bottom] = [y(below + value), y(below)]
                    below += value
                    return (
                      <rect
                        key={name}
                        data-tone={tone}
                        x={x(at)}
                        width={Math.max(1, x.bandwidth())}
                        y={top}
                        height={Math.max(1, bottom - top)}
                      />
                    )
                  })}
                </g>
              )
            })}
            {timeTicks(buckets, width).map((at) => (
              <text key={at} x={x(at)} y={height - 4}>
                {axisWords(buckets[at] ?? 0, stepSeconds)}
              </text>
            ))}
          </svg>
        )}
      </div>
      {total > 0 && <ChartTable title={title} buckets={buckets} series={series} stepSeconds={stepSeconds} />}
    </figure>
  )
}

function ChartTable({ title, buckets, series, stepSeconds }: Omit<ChartParts, 'empty'>) {
  const rows = buckets
    .map((bucket, at) => ({ bucket, values: series.map(({ values }) => values[at] ?? 0) }))
    .filter(({ values }) => values.some((value) => value > 0))
    .reverse()
  return (
    <details className="chart-table">
      <summary>{words.asTable}</summary>
      <div className="table-box">
        <table>
          <caption className="unseen">{title}</caption>
          <thead>
            <tr>
              <th scope="col">{words.from}</th>
              {series.map(({ name }) => (
                <th key={name} scope="col" className="end">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ bucket, values }) => (
              <tr key={bucket}>
                <th scope="row">{bucketWords(bucket, stepSeconds)}</th>
                {values.map((value, at) => (
                  <td key={series[at]?.name} className="end">
                    {countWords(value)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}

const DAY_SECONDS = 86_400
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const minute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })

/** Days are those of UTC, in which the API counts; shorter buckets are said in the reader's zone. */
function bucketWords(bucket: number, stepSeconds: number): string {
  return stepSeconds >= DAY_SECONDS
    ? `${day.format(bucket)} (UTC)`
    : exactWords(bucket).replace(/:\d\d /, ' ')
}

function axisWords(bucket: number, stepSeconds: number): string {
  return stepSeconds >= 6 * 3600 ? day.format(bucket) : minute.format(bucket)
}

function timeTicks(buckets: readonly number[], width: number): number[] {
  const every = Math.max(1, Math.ceil(buckets.length / Math.max(2, Math.floor(width / 110))))
  return buckets.flatMap((_, at) => (at % every === 0 && at + every / 2 < buckets.length ? [at] : []))
}

const short = new Intl.NumberFormat('en', { notation: 'compact' })
function shortCount(value: number): string {
  return short.format(value)
}

const FIRST_WIDTH = 640

/** The width of an element, as it changes. */
function useWidth(): readonly [React.RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(FIRST_WIDTH)
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.max(160, Math.floor(entry.contentRect.width)))
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [box, width]
}
