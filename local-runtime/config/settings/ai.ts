import * as z from 'zod'
import { bytes, milliseconds, oneOf, wholeNumber } from '../values.ts'
import { defaultless, setting, text } from './setting.ts'

const group = 'Artifacts'

const baseUrl = z.string().refine(
  (value) => {
    const url = URL.canParse(value) ? new URL(value) : null
    if (url === null || !['http:', 'https:'].includes(url.protocol)) return false
    return url.search + url.hash + url.username + url.password === ''
  },
  { error: 'give an address without key or query, such as https://ai.example.com/v1' },
)

export const ai = {
  ARTIFACT_BYTES_MAX: setting(bytes({ min: 1024, max: 256 * 1024 ** 2 }), {
    group,
    description: 'Largest version of an artifact.',
    unit: 'bytes',
    default: '16MiB',
    example: '64MiB',
  }),
  OCTAVO_AI_PROVIDER: setting(oneOf('stub', 'openai'), {
    group,
    description:
      'Who writes artifacts: `stub` makes a text of the prompt alone, offline and always the same, and says so; `openai` is any server that speaks /chat/completions as OpenAI does.',
    default: 'stub',
    example: 'openai',
  }),
  OCTAVO_AI_BASE_URL: setting(baseUrl, {
    group,
    description: 'Address of that server; `/chat/completions` is put behind it.',
    default: 'https://api.openai.com/v1',
    example: 'http://127.0.0.1:11434/v1',
  }),
  OCTAVO_AI_MODEL: defaultless(z.string().min(1).max(200), {
    group,
    description: 'Model that is asked where a request names none.',
    defaultMeans: 'none; the provider openai needs one',
    example: 'gpt-4.1-mini',
  }),
  OCTAVO_AI_KEY: defaultless(text, {
    group,
    description: 'Key that is sent to the server.',
    defaultMeans: 'none is sent, as local servers take it',
    example: 'the key of an account',
    secret: true,
  }),
  OCTAVO_AI_KEY_FILE: defaultless(text, {
    group,
    description: 'File that holds the key, instead of OCTAVO_AI_KEY.',
    example: '/run/secrets/ai-key',
  }),
  OCTAVO_AI_TIMEOUT_MS: setting(milliseconds({ min: 100, max: 600_000 }), {
    group,
    description: 'Longest wait for the first words of the server, and then for each further ones.',
    unit: 'milliseconds',
    default: '60s',
    example: '5m',
  }),
  OCTAVO_AI_DOCUMENT_CHARS_MAX: setting(wholeNumber({ min: 0, max: 10_000_000 }), {
    group,
    description:
      'Characters of a document that are sent with a prompt at most; the rest is left out.',
    unit: 'characters',
    default: '100000',
    example: '400000',
  }),
}
