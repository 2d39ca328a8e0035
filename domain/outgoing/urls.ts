// Names of hosts that never are somebody else's. What a name resolves to is judged at each connection.
const ownNames = /^(localhost|[^.]+|.*\.(localhost|local|internal|home\.arpa|lan))\.?$/
const firstOpenPort = 1024 // below, mail servers and the like would be spoken to
const wellKnown = ['', '443']

/**
 * What is wrong with the URL of somebody else's server as it is written, and what it is stored as. Odd forms of addresses (`0x7f.1`, `2130706433`)
 * are addresses after parsing.
 * @param allowsPrivate plain http, any port, and hosts of one's own network
 */
export function publicUrl(
  text: string,
  allowsPrivate: boolean,
): { url: string; fault: null } | { url: null; fault: string } {
  const fault = (message: string) => ({ url: null, fault: message })
  if (!URL.canParse(text)) return fault('Must be an absolute URL.')
  const url = new URL(text)
  const isPlain = allowsPrivate && url.protocol === 'http:'
  if (url.protocol !== 'https:' && !isPlain) return fault('Must begin with https://.')
  if (url.username !== '' || url.password !== '')
    return fault('Must have neither user name nor password.')
  if (!allowsPrivate) {
    if (!wellKnown.includes(url.port) && Number(url.port) < firstOpenPort)
      return fault(`Its port must be 443, or one from ${firstOpenPort} up.`)
    if (isAddress(url.hostname)) return fault('Its host must be a name, not an address.')
    if (ownNames.test(url.hostname)) return fault('Its host must be a public name.')
  }
  url.hash = ''
  return { url: url.href, fault: null }
}

const isAddress = (host: string): boolean => host.startsWith('[') || /^[\d.]+$/.test(host)

/**
 * How long a server asks us to wait (RFC 9110, section 10.2.3).
 * @returns milliseconds, 0 to {@link retryAfterMsMax}; `null` when it says nothing that can be understood
 */
export function retryAfterMs(value: string | undefined, now: Date): number | null {
  if (value === undefined) return null
  const text = value.trim()
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now.getTime()
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), retryAfterMsMax)
}

/** No server may ask for more: what is sent would outlast its reason. */
export const retryAfterMsMax = 24 * 3_600_000
