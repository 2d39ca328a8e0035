import { promises as dns } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isPublicAddress } from './addresses.ts'

type Address = { address: string; family: number }
/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<Address[]>

/** The name has no address, or one that nothing may be sent to. Which of the two is not told: it would show our own names. */
export class AddressRefused extends Error {
  constructor(hostname: string) {
    super(`${hostname} has no address that may be reached`)
    this.name = 'AddressRefused'
  }
}

type Resolver = Pick<dns.Resolver, 'resolve4' | 'resolve6'>

/**
 * Asks the name servers, and no file of this machine. Not by `dns.lookup`: that waits in one of the four threads that
 * files need, too, and cannot be stopped.
 * @throws what both questions met when neither was answered
 */
export const resolveWith =
  (resolver: Resolver): Resolve =>
  async (hostname) => {
    const [four, six] = await Promise.allSettled([
      resolver.resolve4(hostname),
      resolver.resolve6(hostname),
    ])
    if (four.status === 'rejected' && six.status === 'rejected') throw four.reason
    const found = (answer: PromiseSettledResult<string[]>, family: number) =>
      answer.status === 'rejected' ? [] : answer.value.map((address) => ({ address, family }))
    return [...found(four, 4), ...found(six, 6)]
  }

const triesMsMax = 1_500
export const systemResolve: Resolve = (hostname) =>
  resolveWith(new dns.Resolver({ timeout: triesMsMax, tries: 2 }))(hostname)

/**
 * A look-up for one connection, which then goes to the very addresses that were judged here: whatever the name resolves to
 * a moment later. One address that is not public refuses all.
 */
export function publicLookup(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    publicAddresses(resolve, hostname).then(
      ([first, ...others]) => {
        if (options.all) callback(null, [first, ...others])
        else callback(null, first.address, first.family)
      },
      (err: Error) => callback(err, ''),
    )
  }
}

async function publicAddresses(
  resolve: Resolve,
  hostname: string,
): Promise<[Address, ...Address[]]> {
  const [first, ...others] = await resolve(hostname)
  if (!first) throw new AddressRefused(hostname)
  for (const { address } of [first, ...others])
    if (!isPublicAddress(address)) throw new AddressRefused(hostname)
  return [first, ...others]
}
