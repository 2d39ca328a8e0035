import { bytes, flag, milliseconds, oneOf, origins, wholeNumber } from '../values.ts'
import { setting } from './setting.ts'

const rate = wholeNumber({ min: 1, max: 10_000_000 })

export const requests = {
  CORS_ORIGINS: setting(origins, {
    group: 'Requests',
    description:
      'Origins whose pages may call the API, separated by commas; `*localhost*` allows any port of localhost.',
    default: '',
    example: 'https://app.example.com,https://admin.example.com',
  }),
  UPLOAD_BYTES_MAX: setting(bytes({ min: 1024, max: 10 * 1024 ** 3 }), {
    group: 'Requests',
    description: 'Largest uploaded file.',
    unit: 'bytes',
    default: '100MiB',
    example: '1GiB',
  }),
  JSON_BYTES_MAX: setting(bytes({ min: 1024, max: 64 * 1024 ** 2 }), {
    group: 'Requests',
    description: 'Largest JSON body.',
    unit: 'bytes',
    default: '1MiB',
    example: '4MiB',
  }),
  REQUEST_TIMEOUT_MS: setting(milliseconds({ min: 100, max: 28_000 }), {
    group: 'Requests',
    description:
      'Longest time for one request; the reply is then 503. At most 28 s, because Caddy gives up at 30 s and its 502 carries no cause. Uploads and event streams have limits of their own.',
    unit: 'milliseconds',
    default: '25000',
    example: '10s',
  }),
  UPLOAD_TIMEOUT_MS: setting(milliseconds({ min: 1000, max: 6 * 3_600_000 }), {
    group: 'Requests',
    description: 'Longest time for one upload.',
    unit: 'milliseconds',
    default: '15m',
    example: '1h',
  }),
  DUPLICATE_POLICY: setting(oneOf('link', 'refuse', 'version'), {
    group: 'Requests',
    description:
      'Reply to bytes that the tenant already has: link (200, the existing document), refuse (409), version (202, a new version).',
    default: 'link',
    example: 'version',
  }),
  WEBHOOKS_ALLOW_PRIVATE: setting(flag, {
    group: 'Requests',
    description:
      'Let webhooks go to plain http and to private, loopback and link-local addresses. For development only: whoever may make a webhook can then reach your own network.',
    default: 'false',
    example: 'true',
  }),
  CONFERENCES_ALLOW_PRIVATE: setting(flag, {
    group: 'Requests',
    description:
      'Let refreshes of conferences read from plain http and from private, loopback and link-local addresses. Whoever may ask for a refresh can then reach your own network.',
    default: 'false',
    example: 'true',
  }),
  RATE_KEY_PER_SECOND: setting(rate, {
    group: 'Requests',
    description: 'Requests of one API key, lasting.',
    unit: 'requests per second',
    default: '500',
    example: '50',
  }),
  RATE_KEY_BURST: setting(rate, {
    group: 'Requests',
    description: 'Requests of one API key at once.',
    unit: 'requests',
    default: '1000',
    example: '100',
  }),
  RATE_ADDRESS_PER_SECOND: setting(rate, {
    group: 'Requests',
    description: 'Requests of one client address, lasting.',
    unit: 'requests per second',
    default: '1000',
    example: '100',
  }),
  RATE_ADDRESS_BURST: setting(rate, {
    group: 'Requests',
    description: 'Requests of one client address at once.',
    unit: 'requests',
    default: '2000',
    example: '200',
  }),
  RATE_AUTH_FAILURES_PER_MINUTE: setting(rate, {
    group: 'Requests',
    description:
      'Failed authentications of one client address before further failures are answered 429; a valid key is never refused by it.',
    unit: 'failures per minute',
    default: '60',
    example: '10',
  }),
}
