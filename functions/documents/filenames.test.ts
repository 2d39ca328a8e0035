import { expect, test } from 'vitest'
import { contentDisposition } from '../_shared/http/stored-file.ts'
import { safeFilename } from './filenames.ts'

const place = { in: 'query', pointer: '/filename' } as const

test.each([
  ['report.pdf', 'report.pdf'],
  ['../../etc/passwd', 'passwd'],
  ['..\\..\\windows\\win.ini', 'win.ini'],
  ['C:\\fakepath\\scan.pdf', 'scan.pdf'],
  ['/absolute/path.md', 'path.md'],
  ['  spaced out.pdf . ', 'spaced out.pdf'],
  ['.hidden', '.hidden'],
  ['Größe – 文書 🗎.pdf', 'Größe – 文書 🗎.pdf'],
  ['u\u0308ber.pdf', 'über.pdf'],
  ['console.pdf', 'console.pdf'],
  [`${'x'.repeat(251)}.pdf`, `${'x'.repeat(251)}.pdf`],
  ['🗎'.repeat(255), '🗎'.repeat(255)],
])('the name %j is kept as %j', (given, kept) => {
  expect(safeFilename(given, place)).toBe(kept)
})

test.each([
  ['nul\u0000.pdf', 'nul'],
  ['line\nbreak.pdf', 'control_character'],
  ['bell\u0007.pdf', 'control_character'],
  ['exe\u202egpj.pdf', 'control_character'],
  ['lone\ud800.pdf', 'lone_surrogate'],
  ['..', 'no_name'],
  ['folder/', 'no_name'],
  [' . . ', 'no_name'],
  ['NUL', 'reserved'],
  ['con.pdf', 'reserved'],
  ['lpt1.txt', 'reserved'],
  ['x'.repeat(256), 'too_long'],
])('the name %j is refused as %s', (given, code) => {
  expect(() => safeFilename(given, place)).toThrow(
    expect.objectContaining({ code: 'invalid', errors: [expect.objectContaining({ code })] }),
  )
})

test('a name reaches old clients in ASCII and new ones in full, and cannot leave its quotes', () => {
  expect(contentDisposition('a"b\\c%ü (1).pdf')).toBe(
    `attachment; filename="a_b_c__ (1).pdf"; filename*=UTF-8''a%22b%5Cc%25%C3%BC%20%281%29.pdf`,
  )
})
