import type { ReactNode } from 'react'
import { appWords as words } from '../words/app.ts'

/** A column. `sort` is the value of the API's `sort` by which its header sorts. */
export interface Column<Row> {
  readonly id: string
  readonly head: string
  /** Words for screen readers only: a column whose content needs no heading. */
  readonly isUnseenHead?: boolean
  readonly sort?: string
  /** The order of that `sort`: the API has one for each. */
  readonly order?: 'ascending' | 'descending'
  readonly align?: 'end'
  readonly cell: (row: Row) => ReactNode
}

export interface Sorting {
  /** The column's `sort`. */
  readonly by: string
  choose(by: string): void
}

export interface Selection<Row> {
  has(row: Row): boolean
  toggle(row: Row): void
  setAll(isChosen: boolean): void
  /** Name of a row's check box: "Select key nightly export". */
  readonly nameOf: (row: Row) => string
}

interface TableParts<Row> {
  /** Says what the table holds; for screen readers. */
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly idOf: (row: Row) => string
  readonly sorting?: Sorting
  readonly selection?: Selection<Row>
}

/** A plain table: headers sort by the API, check boxes name their row. On a narrow screen each row becomes a block. */
export function DataTable<Row>({ caption, columns, rows, idOf, sorting, selection }: TableParts<Row>) {
  return (
    <div className="table-box">
      <table>
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {selection !== undefined && (
              <th scope="col" className="choose">
                <input
                  type="checkbox"
                  aria-label={words.selectAll}
                  checked={rows.length > 0 && rows.every((row) => selection.has(row))}
                  onChange={(event) => selection.setAll(event.target.checked)}
                />
              </th>
            )}
            {columns.map((column) => (
              <Head key={column.id} column={column} {...(sorting === undefined ? {} : { sorting })} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={idOf(row)} data-id={idOf(row)} data-chosen={selection?.has(row) || undefined}>
              {selection !== undefined && (
                <td className="choose">
                  <input
                    type="checkbox"
                    aria-label={selection.nameOf(row)}
                    checked={selection.has(row)}
                    onChange={() => selection.toggle(row)}
                  />
                </td>
              )}
              {columns.map((column, at) =>
                at === 0 ? (
                  <th key={column.id} scope="row">
                    {column.cell(row)}
                  </th>
                ) : (
                  <Cell key={column.id} column={column} row={row} />
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** From here on a word may be broken: it is an id of any length, and the table would grow wider than the page. */
const LONG_WORD = /\S{17}/

function Cell<Row>({ column, row }: { readonly column: Column<Row>; readonly row: Row }) {
  const { align, head, isUnseenHead } = column
  const content = column.cell(row)
  const isWhole = typeof content === 'string' && !LONG_WORD.test(content)
  const classes = [align, isWhole && 'whole-words'].filter(Boolean).join(' ')
  return (
    <td className={classes || undefined} data-head={isUnseenHead === true ? undefined : head}>
      {content}
    </td>
  )
}

function Head<Row>({ column, sorting }: { readonly column: Column<Row>; readonly sorting?: Sorting }) {
  const { head, sort, order = 'ascending', align, isUnseenHead } = column
  const name = isUnseenHead === true ? <span className="unseen">{head}</span> : head
  if (sort === undefined || sorting === undefined)
    return (
      <th scope="col" className={align}>
        {name}
      </th>
    )
  const isBy = sorting.by === sort
  return (
    <th scope="col" className={align} aria-sort={isBy ? order : 'none'}>
      <button type="button" className="sort" onClick={() => sorting.choose(sort)}>
        {name}
        <span aria-hidden="true" className="sort-mark">
          {isBy ? (order === 'ascending' ? '↑' : '↓') : '↕'}
        </span>
      </button>
    </th>
  )
}
