import * as z from 'zod'
import { flag, milliseconds, wholeNumber } from '../values.ts'
import { defaultless, setting } from './setting.ts'

const group = 'Recognition of text in images'

// Names of files: nothing that leaves their folder.
const languages = z.string().transform((value, context) => {
  const list = [...new Set(value.split(/[\s,+]+/).filter(Boolean))]
  const isNamed = list.every((language) => /^\w{2,40}$/.test(language))
  if (list.length > 0 && list.length <= 8 && isNamed) return list
  context.addIssue({ code: 'custom', message: 'give one to eight names such as eng,deu' })
  return z.NEVER
})

export const recognition = {
  OCR_ENABLED: setting(flag, {
    group,
    description:
      'Whether the text of images, and of pages without text of their own, is recognized. It never needs a network.',
    default: 'true',
    example: 'false',
  }),
  OCR_LANGUAGES: setting(languages, {
    group,
    description:
      'Languages that the text may have, by the names of their `.traineddata` files; each one more makes pages slower. English comes with Octavo, others are read from OCR_DATA_FOLDER.',
    default: 'eng',
    example: 'eng,deu',
  }),
  OCR_DATA_FOLDER: defaultless(z.string().min(1), {
    group,
    description: 'Folder with more languages: `<name>.traineddata`, or the same with `.gz`.',
    defaultMeans: 'none; English alone',
    example: '/usr/share/tesseract-ocr/5/tessdata',
  }),
  OCR_DPI: setting(wholeNumber({ min: 72, max: 600 }), {
    group,
    description: 'Resolution at which pages are drawn to be read.',
    unit: 'dots per inch',
    default: '300',
    example: '200',
  }),
  OCR_PAGES_MAX: setting(wholeNumber({ min: 1, max: 100_000 }), {
    group,
    description:
      'Pages of one document that are recognized at most; the rest keep what text they have, with the reason `over_ocr_page_limit`.',
    unit: 'pages',
    default: '500',
    example: '50',
  }),
  OCR_CONCURRENCY: setting(wholeNumber({ min: 1, max: 64 }), {
    group,
    description:
      'Pages that one worker recognizes at the same time, of the places that OCTAVO_WORKER_CONCURRENCY gives. Each keeps a processor busy for seconds, behind everything else.',
    unit: 'pages',
    default: '1',
    example: '4',
  }),
  OCR_DEADLINE_MS: setting(milliseconds({ min: 1000, max: 3_600_000 }), {
    group,
    description: 'Longest time for one page; then the page alone fails as `timeout`.',
    unit: 'milliseconds',
    default: '2m',
    example: '5m',
  }),
}
