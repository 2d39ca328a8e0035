import { hostileText } from '../_shared/http/hostile.ts'
import { AppError, type InputFault } from '../_shared/http/problems.ts'

const charactersMax = 255 // of the column, and of most file systems
// Names that Windows gives to devices, whatever follows the first dot.
const deviceName = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i
// Controls break headers and terminals; bidirectional overrides let `gpj.exe` pass for `exe.jpg`.
const invisible = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/**
 * The name to keep of a name that was given: without folders, surrounding spaces and final dots, in NFC.
 * @throws {AppError} `invalid` when nothing usable is left, or the rest is too long, reserved or has invisible characters
 */
export function safeFilename(given: string, place: Pick<InputFault, 'in' | 'pointer'>): string {
  const refuse = (code: string, detail: string) =>
    new AppError('invalid', `${place.in} ${place.pointer}: ${detail}`, {
      errors: [{ ...place, code, detail }],
    })
  const hostile = hostileText(given)
  if (hostile) throw refuse(hostile.code, hostile.detail)
  if (invisible.test(given))
    throw refuse('control_character', 'Must not contain control or direction characters.')
  const name = lastSegment(given)
    .normalize('NFC')
    .trim()
    .replace(/[. ]+$/, '')
  if (name === '') throw refuse('no_name', 'Must name a file.')
  if ([...name].length > charactersMax)
    throw refuse('too_long', `Must have at most ${charactersMax} characters.`)
  if (deviceName.test(name)) throw refuse('reserved', 'Must not be the name of a device.')
  return name
}

// Some browsers send whole paths, with the separators of their system.
const lastSegment = (path: string): string => path.split(/[/\\]/).at(-1) ?? ''

const endings: Record<string, string> = {
  'application/pdf': 'pdf',
  'text/plain': 'txt',
  'text/markdown': 'md',
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/tiff': 'tif',
}

/** For an upload that names no file. */
export const defaultFilename = (mediaType: string): string =>
  `document.${endings[mediaType] ?? 'bin'}`
