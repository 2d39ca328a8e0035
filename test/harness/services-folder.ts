import { resolve } from 'node:path'

/** Debian's packages are unpacked here once, for the suite and for the stack of this checkout. */
export const servicesDir = resolve('.local/services')
