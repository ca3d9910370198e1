import type { ColumnType } from 'kysely'

/** JSON goes in as text and comes out parsed, on both engines. */
export type Json<T> = ColumnType<T, string, string>
/** A column that is set once, when the row is inserted. */
export type Fixed<T> = ColumnType<T, T, never>
