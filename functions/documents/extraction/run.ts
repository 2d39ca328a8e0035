import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import {
  type ChildMessage,
  type ContentMessage,
  ExtractionFailure,
  type ParentMessage,
  type Picture,
  type PictureMessage,
  type StartMessage,
} from './protocol.ts'

export type ExtractionLimits = {
  memoryBytesMax: number // resident set of the child
  deadlineMs: number // one child, from start to end
  stallMs: number // without a word from the child, while it is not us who make it wait
}

export type ExtractionRun = Omit<StartMessage, 'type'> & {
  childPath: string
  limits: ExtractionLimits
  signal: AbortSignal
}

const watchIntervalMs = 50
// A busy machine starts a process slowly, which is not the document's fault.
const startMs = 10_000
const errorCharactersMax = 2_000
const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path))

const reasons: Record<'timeout' | 'out_of_memory' | 'damaged', string> = {
  timeout: 'Reading it took too long.',
  out_of_memory: 'Reading it needs too much memory.',
  damaged: 'The file is damaged: reading it failed.',
}

/** The child was killed or died: which limit it met, and what it last wrote. */
export class ChildFailure extends ExtractionFailure {
  readonly isDeadline: boolean
  readonly detail: string

  constructor(code: keyof typeof reasons, options: { isDeadline?: boolean; detail?: string } = {}) {
    super(code, reasons[code])
    this.isDeadline = options.isDeadline ?? false
    this.detail = options.detail ?? ''
  }
}

/**
 * Reads one document in a process of its own and yields what it says, in batches of what has come meanwhile. Asking
 * for the next batch acknowledges the one before. However the caller leaves, the child is dead afterwards.
 * @throws {ExtractionFailure} the child's own verdict on the document
 * @throws {ChildFailure} the child met a limit or died
 * @throws the signal's reason, when it aborts
 */
export async function* runExtraction(run: ExtractionRun): AsyncGenerator<ContentMessage[]> {
  for await (const batch of runChild(run)) {
    const content = batch.filter((message) => message.type !== 'picture')
    if (content.length > 0) yield content
  }
}

/**
 * Draws pages of one document in a process of its own, each as soon as it is there. Otherwise as {@link runExtraction}.
 * @throws {ChildFailure} also when the child ends before all pictures have come
 */
export async function* runDrawing(
  run: Omit<ExtractionRun, 'fromPage' | 'pagesMax'> & { pictures: readonly Picture[] },
): AsyncGenerator<PictureMessage> {
  let missing = run.pictures.length
  for await (const batch of runChild({ ...run, fromPage: 1, pagesMax: run.pictures.length })) {
    for (const message of batch) {
      if (message.type !== 'picture') continue
      missing -= 1
      yield message
    }
  }
  if (missing > 0) throw new ChildFailure('damaged')
}

async function* runChild(run: ExtractionRun): AsyncGenerator<(ContentMessage | PictureMessage)[]> {
  run.signal.throwIfAborted()
  const child = new ExtractionChild(run)
  try {
    for (;;) {
      const batch = await child.next()
      const content = batch.filter(
        (message) => message.type !== 'done' && message.type !== 'failed',
      )
      if (content.length > 0) yield content
      const last = batch.at(-1)
      if (last?.type === 'done') return
      if (last?.type === 'failed') throw new ExtractionFailure(last.code, last.message)
      child.acknowledge(content.filter((message) => message.type === 'page').length)
    }
  } finally {
    await child.end()
  }
}

class ExtractionChild {
  private readonly run: ExtractionRun
  private readonly process: ChildProcess
  private messages: ChildMessage[] = []
  private readonly exited: Promise<void>
  private readonly watch: NodeJS.Timeout
  private readonly startedAt = performance.now()
  private activeAt = this.startedAt
  private waiting: PromiseWithResolvers<ChildMessage[]> | undefined
  private hasSpoken = false
  private failure: unknown
  private errors = ''

  constructor(run: ExtractionRun) {
    this.run = run
    this.process = startChild(run)
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors = (this.errors + text).slice(-errorCharactersMax)
    })
    this.process.on('message', (message) => this.receive(message as ChildMessage))
    this.exited = this.watchExit()
    run.signal.addEventListener('abort', this.abort)
    this.watch = setInterval(() => void this.enforceLimits(), watchIntervalMs)
    const { childPath: _, limits: __, signal: ___, ...start } = run
    this.send({ type: 'start', ...start })
  }

  /** What the child has said since the last call; waits when that is nothing. */
  next(): Promise<ChildMessage[]> {
    if (this.messages.length > 0) {
      const batch = this.messages
      this.messages = []
      return Promise.resolve(batch)
    }
    if (this.failure) return Promise.reject(this.failure)
    this.activeAt = performance.now() // until now it was the caller who kept the child waiting
    this.waiting = Promise.withResolvers()
    return this.waiting.promise
  }

  acknowledge(pages: number): void {
    if (pages > 0) this.send({ type: 'acknowledge', pages })
  }

  async end(): Promise<void> {
    clearInterval(this.watch)
    this.run.signal.removeEventListener('abort', this.abort)
    this.process.kill('SIGKILL')
    await this.exited
  }

  private readonly abort = (): void => this.kill(this.run.signal.reason)

  private send(message: ParentMessage): void {
    // A child that is gone is reported by its exit, with a better reason than a closed pipe.
    if (this.process.connected) this.process.send(message, () => {})
  }

  private receive(message: ChildMessage): void {
    this.activeAt = performance.now()
    this.hasSpoken = true
    if (this.waiting) this.waiting.resolve([message])
    else this.messages.push(message)
    this.waiting = undefined
  }

  private kill(reason: unknown): void {
    this.fail(reason)
    this.process.kill('SIGKILL')
  }

  private fail(reason: unknown): void {
    this.failure ??= reason
    this.waiting?.reject(this.failure)
    this.waiting = undefined
  }

  private async enforceLimits(): Promise<void> {
    const { deadlineMs, stallMs, memoryBytesMax } = this.run.limits
    const now = performance.now()
    if (now - this.startedAt > deadlineMs) {
      this.kill(new ChildFailure('timeout', { isDeadline: true }))
    } else if (this.waiting && now - this.activeAt > stallMs + (this.hasSpoken ? 0 : startMs)) {
      this.kill(new ChildFailure('timeout'))
    } else if ((await residentBytes(this.process.pid)) > memoryBytesMax) {
      this.kill(new ChildFailure('out_of_memory'))
    }
  }

  /** Both ends: a process can be reaped before its last words are read. */
  private async watchExit(): Promise<void> {
    const silent = new Promise((resolve) => this.process.once('disconnect', resolve))
    const signal = await new Promise<NodeJS.Signals | null>((resolve) => {
      this.process.once('close', (_code, by) => resolve(by))
      this.process.once('error', (err) => {
        this.fail(err) // it never started
        resolve(null)
      })
    })
    if (this.process.pid !== undefined) await silent
    this.fail(this.causeOfDeath(signal))
  }

  private causeOfDeath(signal: NodeJS.Signals | null): ChildFailure {
    // SIGKILL that we did not send is the kernel's, short of memory; the engines say so themselves.
    const isMemory =
      signal === 'SIGKILL' || /out of memory|OOM|Allocation failed/i.test(this.errors)
    return new ChildFailure(isMemory ? 'out_of_memory' : 'damaged', { detail: this.errors })
  }
}

function startChild({ childPath, limits }: ExtractionRun): ChildProcess {
  const heapMegabytes = Math.ceil(limits.memoryBytesMax / 1024 / 1024)
  const node = [process.execPath, `--max-old-space-size=${heapMegabytes}`, childPath]
  // The kernel ends the child with its worker, even when it hangs inside WebAssembly and hears nothing.
  const command = setpriv ? [setpriv, '--pdeathsig', 'KILL', '--', ...node] : node
  return spawn(command[0] as string, command.slice(1), {
    env: {},
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  })
}

/** 0 where the system does not tell; there `--max-old-space-size` and WebAssembly's own 2 GiB remain. */
async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}
