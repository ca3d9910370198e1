import type { UseInfiniteQueryResult } from '@tanstack/react-query'
import { appWords as words } from '../words/app.ts'
import { Button } from './button.tsx'

type Pages = Pick<
  UseInfiniteQueryResult<unknown, Error>,
  'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'
>

/** Says how many rows are shown, and loads the next ones below them. */
export function Pager({
  shown,
  pages,
  total,
}: {
  readonly shown: number
  readonly pages: Pages
  readonly total?: string
}) {
  return (
    <div className="pager">
      <span className="soft" role="status">
        {total ?? words.table(shown)}
      </span>
      {pages.hasNextPage && (
        <Button kind="quiet" busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {pages.isFetchingNextPage ? words.loadingMore : words.more}
        </Button>
      )}
    </div>
  )
}
