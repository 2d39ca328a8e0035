import type { ErrorEntry } from '../_shared/ports/redis.ts'

const filterNames = ['level', 'source', 'function', 'request_id'] as const
type FilterName = (typeof filterNames)[number]

/** The items that have every value that the filter names, in their order. */
export const matching = <Item extends Partial<Pick<ErrorEntry, FilterName>>>(
  items: readonly Item[],
  filter: { [K in FilterName]?: string | undefined },
): Item[] =>
  items.filter((item) =>
    filterNames.every((name) => filter[name] === undefined || item[name] === filter[name]),
  )
