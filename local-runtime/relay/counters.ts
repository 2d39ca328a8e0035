/** What became of the lines. All since the relay started. */
export type Counters = {
  received: number
  kept: number
  /** Caddy's lines that a function's line replaced. */
  merged: number
  /** Below 400, or a caller who left: no failure. */
  ignored: number
  lost: Losses
}

export type Losses = {
  /** No JSON, or JSON that is no log line; halves of lines too. */
  garbled: number
  /** Longer than a line may be. */
  oversized: number
  /** Told by the processes: their queue was full. */
  unsent: number
}

export const newCounters = (): Counters => ({
  received: 0,
  kept: 0,
  merged: 0,
  ignored: 0,
  lost: { garbled: 0, oversized: 0, unsent: 0 },
})

export const lostLines = ({ lost }: Counters): number => lost.garbled + lost.oversized + lost.unsent
