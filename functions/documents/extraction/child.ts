/** Entry of the process that reads one document and may be killed at any moment. It knows no database and no secret. */
import { setPriority } from 'node:os'
import { readPdf } from './pdf.ts'
import { readPlainText } from './plain-text.ts'
import {
  type ChildMessage,
  ExtractionFailure,
  type ParentMessage,
  pagesAheadMax,
  type StartMessage,
} from './protocol.ts'

// A page keeps a processor busy for seconds: where it is wanted elsewhere, it gets a quarter.
const recognitionNiceness = 5

let pagesAhead = 0
let resume: (() => void) | undefined

process.on('disconnect', () => process.exit(0)) // nobody is left to read what we find
process.on('message', (message: ParentMessage) => {
  if (message.type === 'start') void run(message)
  else acknowledge(message.pages)
})

async function run(start: StartMessage): Promise<void> {
  try {
    for await (const message of await messagesOf(start)) {
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

/** The engines of images and of recognition are loaded by those who need them. */
async function messagesOf(start: StartMessage): Promise<AsyncGenerator<ChildMessage>> {
  const { kind, onePage, pictures } = start
  if (pictures) return (await import('./page-drawing.ts')).drawPictures(start, pictures)
  if (onePage) {
    setPriority(recognitionNiceness)
    return (await import('../ocr/page.ts')).readOnePage(start, onePage.recognition)
  }
  if (kind === 'image') return (await import('./image.ts')).readImage(start)
  return kind === 'pdf' ? readPdf(start) : readPlainText(start)
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
