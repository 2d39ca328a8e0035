import { setTimeout as pause } from 'node:timers/promises'
import type { AiProvider, AiRequest } from '../../functions/_shared/ports/ai.ts'

const quotedCharsMax = 4_000
const wordsOf = (text: string): string[] => text.match(/\S+\s*|^\s+/g) ?? []
const quoted = (text: string): string =>
  text.slice(0, quotedCharsMax).toWellFormed().trim().replace(/^/gm, '> ')

/**
 * The provider of a host that has none: it needs no network, says plainly what it is, and gives the same text for the
 * same request.
 * @param pieceMs between two words, so that a stream is one
 */
export const stubProvider = ({ pieceMs }: { pieceMs: number }): AiProvider => ({
  name: 'stub',
  defaultModel: 'offline-stub',
  isRepeatable: true,
  async *generate(request, signal) {
    const words = wordsOf(textFor(request))
    const shown = words.slice(0, request.parameters.max_tokens)
    for (const word of shown) {
      signal.throwIfAborted()
      yield word
      if (pieceMs > 0) await pause(pieceMs, undefined, { signal }).catch(() => {})
    }
    signal.throwIfAborted()
    return {
      inputTokens: wordsOf(request.prompt).length,
      outputTokens: shown.length,
      finishReason: shown.length < words.length ? 'length' : 'stop',
    }
  },
})

function textFor({ prompt, document }: AiRequest): string {
  const about =
    document === null
      ? []
      : [`It came with the document "${document.title}", which begins:`, quoted(document.text)]
  return `${[
    '**Offline stub: no AI wrote this.** It repeats the request, because this server has no AI provider.',
    'The prompt was:',
    quoted(prompt),
    ...about,
    'Set OCTAVO_AI_PROVIDER to have a model answer.',
  ].join('\n\n')}\n`
}
