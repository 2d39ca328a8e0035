import * as z from 'zod'
import { bytes, oneOf, wholeNumber } from '../values.ts'
import { defaultless, setting, text } from './setting.ts'

/** Where state lies when nobody says otherwise; relative to the checkout. */
export const homeDefault = '.local'

export const stack = {
  OCTAVO_HOME: setting(text, {
    group: 'Stack',
    description:
      'Folder of all state: data, sockets, logs, secrets. A relative path starts at the checkout. Two stacks need two homes and two ports.',
    default: homeDefault,
    example: '/var/lib/octavo',
  }),
  OCTAVO_PORT: setting(wholeNumber({ min: 1, max: 32_767 }), {
    group: 'Stack',
    description:
      'TCP port of Caddy, the one public entrance. The ports of Postgres, Redis and metrics are derived from it.',
    default: '8080',
    example: '18080',
  }),
  OCTAVO_BIND: setting(z.union([z.ipv4(), z.ipv6()], { error: 'give an IP address' }), {
    group: 'Stack',
    description:
      'Address that Caddy listens on; 0.0.0.0 opens it to the network. Everything else stays on 127.0.0.1.',
    default: '127.0.0.1',
    example: '0.0.0.0',
  }),
  OCTAVO_SECRET: defaultless(text, {
    group: 'Stack',
    description:
      'Application secret of 32 bytes, as 64 hexadecimal digits or base64: signs cursors, seals document passwords.',
    defaultMeans: 'generated in OCTAVO_HOME/secrets/app-secret',
    example: '64 hexadecimal digits',
    secret: true,
  }),
  OCTAVO_SECRET_FILE: defaultless(text, {
    group: 'Stack',
    description: 'File that holds the application secret, instead of OCTAVO_SECRET.',
    defaultMeans: 'OCTAVO_HOME/secrets/app-secret',
    example: '/run/secrets/octavo-secret',
  }),
  LOG_LEVEL: setting(oneOf('debug', 'info', 'warn', 'error'), {
    group: 'Stack',
    description:
      'Least severe level that processes write to their log: debug, info, warn or error.',
    default: 'info',
    example: 'debug',
  }),
  OCTAVO_LOG_FILE_BYTES_MAX: setting(bytes({ min: 4096, max: 1024 ** 3 }), {
    group: 'Stack',
    description: 'Size at which a process log in OCTAVO_HOME/logs is rotated.',
    unit: 'bytes',
    default: '10MiB',
    example: '64MiB',
  }),
  OCTAVO_LOG_FILES_MAX: setting(wholeNumber({ min: 1, max: 100 }), {
    group: 'Stack',
    description: 'Files kept for each process log, the current one included.',
    default: '4',
    example: '10',
  }),
}
