const shortcode = /^:[a-z0-9_+-]{1,30}:$/
const emoji = /^\p{RGI_Emoji}$/v
// Asks for the coloured form of a character that has a plain one: people type hearts with and without it.
const coloured = '\uFE0F'

/** One emoji in the form that is stored, or `:shortcode:`; `null`: it is neither. */
export function knownEmoji(text: string): string | null {
  if (text.length > 32) return null
  const form = text.toLowerCase()
  if (shortcode.test(form)) return form
  if (emoji.test(text)) return text
  return emoji.test(text + coloured) ? text + coloured : null
}
