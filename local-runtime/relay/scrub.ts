const redacted = '[redacted]'
const secretName =
  '(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|authorization|cookie|ticket|signature|credential)'

// Every repetition has a bound, so that no text can make a pattern slow. Order matters: whole headers go
// before single values.
const patterns: readonly (readonly [RegExp, string])[] = [
  [/\boct_[A-Za-z0-9]{4,64}_[A-Za-z0-9]{4,128}/g, `oct_${redacted}`],
  [/\beyJ[\w-]{5,2000}\.[\w-]{1,4000}\.[\w-]{0,2000}/g, redacted],
  [/\b(bearer|basic|digest)\s{1,4}[\w.~+/=-]{4,4000}/gi, `$1 ${redacted}`],
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{0,200}:)[^\s@]{1,500}@/gi, `$1${redacted}@`],
  [
    new RegExp(
      `(["'][\\w-]{0,32}${secretName}[\\w-]{0,32}["']\\s{0,4}[:=]\\s{0,4})"[^"]{0,4000}"?`,
      'gi',
    ),
    `$1"${redacted}"`,
  ],
  [
    /\b((?:set-)?cookie|authorization|x-api-key|x-document-password)\s{0,4}[:=]\s{0,4}[^\r\n"]{1,8000}/gi,
    `$1: ${redacted}`,
  ],
  [
    new RegExp(
      `(\\b[\\w-]{0,32}${secretName}[\\w-]{0,32}["']?\\s{0,4}[:=]\\s{0,4}["']?)[^\\s,;&}"'\\[]{1,4000}`,
      'gi',
    ),
    `$1${redacted}`,
  ],
]

/** Removes what looks like a secret: our keys, tokens, passwords in addresses, values behind telling names. */
export const scrub = (text: string): string =>
  patterns.reduce((cleaned, [pattern, replacement]) => cleaned.replace(pattern, replacement), text)
