import type { ChildMessage } from './child.ts'

type Host = {
  /** Finishes what is under way and lets go of everything. */
  isDrained: () => Promise<void>
  /** What is wrong although it serves; a deployment tells it. */
  remark?: string | null
  /** Functions that it serves; only for isolates. */
  loaded?: readonly string[]
}

const beatMs = 500

/** Tells the supervisor not to take this process, and waits to be ended: an exit could overtake the message. */
export function refuseToSupervisor(reason: string): void {
  process.once('disconnect', () => process.exit(1))
  tell({ type: 'refused', reason })
}

/**
 * Tells the supervisor that this process serves, that it is alive, and how much memory it holds; ends it when the
 * supervisor asks (SIGTERM; a second one ends it at once) or is gone. Without a supervisor (started by hand) only the signal counts.
 */
export function reportToSupervisor({ isDrained, remark = null, loaded = [] }: Host): void {
  setInterval(() => tell({ type: 'beat', rssBytes: process.memoryUsage.rss() }), beatMs).unref()
  // The supervisor is gone, killed perhaps: nobody would restart or stop us.
  process.once('disconnect', () => process.exit(0))
  let isEnding = false
  const end = () => {
    if (isEnding) process.exit(1)
    isEnding = true
    isDrained().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGTERM', end)
  // Ctrl-C at a terminal reaches every process of the group; the supervisor decides the order.
  process.on('SIGINT', () => {})
  tell({ type: 'ready', remark, loaded }) // last: whoever hears it may ask for the end at once
}

function tell(message: ChildMessage): void {
  if (process.connected) process.send?.(message, () => {})
}
