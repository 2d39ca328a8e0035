import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { extractionChild, temporaryFile } from '../../../test/fixtures/extraction.ts'
import { drawn, ocr, recognitionMs } from '../../../test/fixtures/scans.ts'
import type { ChildMessage, StartMessage } from '../extraction/protocol.ts'

const preload = new URL('../../../test/fixtures/no-network.ts', import.meta.url).pathname
const word = { width: 300, height: 100, text: [{ x: 40, y: 40, size: 24, text: 'lighthouse' }] }

/** Reads an image in a process in which no socket, no datagram and no look-up of a name can begin. */
async function readWithoutNetwork(path: string): Promise<ChildMessage[]> {
  const child = fork(extractionChild, {
    execArgv: ['--import', preload],
    serialization: 'advanced',
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const messages: ChildMessage[] = []
  child.on('message', (message) => messages.push(message as ChildMessage))
  const start: StartMessage = {
    ...{ type: 'start', path, kind: 'image', password: null, fromPage: 1, pagesMax: 1 },
    onePage: { recognition: ocr.recognition },
  }
  child.send(start)
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
  return messages
}

test('recognition opens no connection', { timeout: recognitionMs }, async () => {
  const { picture } = await drawn(word)
  const messages = await readWithoutNetwork(await temporaryFile(await picture.png().toBuffer()))
  expect(messages).toMatchObject([{ type: 'page', page: { text: 'lighthouse' } }, { type: 'done' }])
})

test('what would open one is stopped in this way', { timeout: recognitionMs }, async () => {
  const child = fork(new URL('../../../test/fixtures/wants-network.ts', import.meta.url).pathname, {
    execArgv: ['--import', preload],
  })
  expect(await once(child, 'exit')).toEqual([null, 'SIGABRT'])
})
