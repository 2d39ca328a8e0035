/** Entry of the process that reads one document and may be killed at any moment. It knows no database and no secret. */
import { readPdf } from './pdf.ts'
import { readPlainText } from './plain-text.ts'
import {
  type ChildMessage,
  ExtractionFailure,
  type ParentMessage,
  pagesAheadMax,
  type StartMessage,
} from './protocol.ts'

let pagesAhead = 0
let resume: (() => void) | undefined

process.on('disconnect', () => process.exit(0)) // nobody is left to read what we find
process.on('message', (message: ParentMessage) => {
  if (message.type === 'start') void run(message)
  else acknowledge(message.pages)
})

async function run(start: StartMessage): Promise<void> {
  try {
    const messages = start.kind === 'pdf' ? readPdf(start) : readPlainText(start)
    for await (const message of messages) {
      if (message.type === 'page') await roomForPage()
      await send(message)
    }
    await send({ type: 'done' })
  } catch (err) {
    // Anything else has broken the engine: this process ends by it, and the parent decides how to go on.
    if (!(err instanceof ExtractionFailure)) throw err
    await send({ type: 'failed', code: err.code, message: err.message })
  }
  process.disconnect()
}

function send(message: ChildMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, (err: Error | null) => (err ? reject(err) : resolve()))
  })
}

async function roomForPage(): Promise<void> {
  while (pagesAhead >= pagesAheadMax) {
    await new Promise<void>((resolve) => {
      resume = resolve
    })
  }
  pagesAhead += 1
}

function acknowledge(pages: number): void {
  pagesAhead -= pages
  resume?.()
}
