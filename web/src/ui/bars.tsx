import { scaleLinear } from 'd3-scale'
import type { ReactNode } from 'react'

interface Bar {
  readonly id: string
  readonly name: ReactNode
  readonly value: number
  /** The value as it is said: "10,000+". */
  readonly said: string
}

/** Numbers of a few kinds: a table whose rows are drawn as bars too, so that no reader gets less. */
export function Bars({
  caption,
  heads,
  bars,
}: {
  readonly caption: string
  readonly heads: readonly [name: string, value: string]
  readonly bars: readonly Bar[]
}) {
  const width = scaleLinear()
    .domain([0, Math.max(1, ...bars.map(({ value }) => value))])
    .range([0, 100])
  return (
    <figure className="bars">
      <table>
        <caption className="unseen">{caption}</caption>
        <thead className="unseen">
          <tr>
            <th scope="col">{heads[0]}</th>
            <th scope="col">{heads[1]}</th>
          </tr>
        </thead>
        <tbody>
          {bars.map(({ id, name, value, said }) => (
            <tr key={id}>
              <th scope="row">{name}</th>
              <td>
                <svg className="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={Math.max(value > 0 ? 1 : 0, width(value))} height="8" rx="1" />
                </svg>
                <span className="bar-value">{said}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  )
}
