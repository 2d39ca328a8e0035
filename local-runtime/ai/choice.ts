import type { JobHost } from '../../functions/_shared/ports/jobs.ts'
import type { Config } from '../config.ts'
import { openAiProvider } from './openai.ts'
import { stubProvider } from './stub.ts'

const stubPieceMs = 10

/** Who writes artifacts on this host, as the settings say. */
export const aiOfHost = ({ ai: { documentCharsMax, openai } }: Config): JobHost['ai'] => ({
  provider: openai ? openAiProvider(openai) : stubProvider({ pieceMs: stubPieceMs }),
  documentCharsMax,
})
