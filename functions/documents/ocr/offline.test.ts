import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { extractionChild, temporaryFile } from '../../../test/fixtures/extraction.ts'
import { drawn, ocr, recognitionMs } from '../../../test/fixtures/scans.ts'
import type { ChildMessage, Recognition, StartMessage } from '../extraction/protocol.ts'

const preload = new URL('../../../test/fixtures/no-network.ts', import.meta.url).pathname
const word = { width: 300, height: 100, text: [{ x: 40, y: 40, size: 24, text: 'lighthouse' }] }

/** The language that is shipped, unpacked, as an operator's own. */
async function ownLanguage(): Promise<Recognition> {
  const [shipped = ''] = ocr.recognition.dataPaths
  const path = await temporaryFile(gunzipSync(await readFile(shipped)))
  return { ...ocr.recognition, languages: ['own'], dataPaths: [path] }
}

/** Reads an image in a process in which no socket, no datagram and no look-up of a name can begin. */
async function readWithoutNetwork(
  path: string,
  recognition: Recognition = ocr.recognition,
): Promise<ChildMessage[]> {
  const child = fork(extractionChild, {
    execArgv: ['--import', preload],
    serialization: 'advanced',
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const messages: ChildMessage[] = []
  child.on('message', (message) => messages.push(message as ChildMessage))
  const start: StartMessage = {
    ...{ type: 'start', path, kind: 'image', password: null, fromPage: 1, pagesMax: 1 },
    onePage: { recognition },
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

test('a language may be a file of the operator, and need not be packed', {
  timeout: recognitionMs,
}, async () => {
  const { picture } = await drawn(word)
  const path = await temporaryFile(await picture.png().toBuffer())
  const messages = await readWithoutNetwork(path, await ownLanguage())
  expect(messages[0]).toMatchObject({ type: 'page', page: { text: 'lighthouse' } })
})

test('what would open one is stopped in this way', { timeout: recognitionMs }, async () => {
  const child = fork(new URL('../../../test/fixtures/wants-network.ts', import.meta.url).pathname, {
    execArgv: ['--import', preload],
  })
  expect(await once(child, 'exit')).toEqual([null, 'SIGABRT'])
})
