import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { languageDataPath } from './language-data.ts'

const checkout = new URL('../../', import.meta.url).pathname

test('a language is read from the folder of the operator, else from what is shipped, else it is a fault', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'octavo-languages-'))
  onTestFinished(() => rm(dataFolder, { recursive: true }))
  const find = (language: string) => languageDataPath(language, { checkout, dataFolder })
  expect(find('eng')).toContain('node_modules/@tesseract.js-data/eng')
  for (const name of ['deu.traineddata', 'eng.traineddata.gz'])
    await writeFile(join(dataFolder, name), '')
  expect(find('deu')).toBe(join(dataFolder, 'deu.traineddata'))
  expect(find('eng')).toBe(join(dataFolder, 'eng.traineddata.gz'))
  expect(() => find('fra')).toThrow(`fra.traineddata is not in ${dataFolder}`)
  expect(() => languageDataPath('deu', { checkout, dataFolder: null })).toThrow('OCR_LANGUAGES')
})
