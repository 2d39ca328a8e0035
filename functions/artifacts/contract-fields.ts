import * as z from 'zod'
import { artifactMediaTypes, artifactStatuses, promptCharsMax } from '../../db/schema/artifacts.ts'

export const idParam = z.object({ id: z.uuid().toLowerCase() })
export const versionParam = z.object({
  id: z.uuid().toLowerCase(),
  number: z.coerce.number().int().min(1).max(2_147_483_647),
})
export const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000014' }
export const exampleVersion = { ...exampleId, number: '1' }

const time = z.iso.datetime()
const model = z.string().trim().min(1).max(200)
const prompt = z.string().min(1).max(promptCharsMax)

/** A provider's own bounds are narrower, and its own to say. */
const Parameters = z
  .object({
    system: z
      .string()
      .min(1)
      .max(20_000)
      .optional()
      .meta({ description: 'Said before the prompt.' }),
    temperature: z.number().min(0).max(2).optional(),
    top_p: z.number().min(0).max(1).optional(),
    max_tokens: z.int().min(1).max(1_000_000).optional(),
    seed: z.int().optional(),
    stop: z.array(z.string().min(1).max(100)).max(4).optional(),
  })
  .strict()
  .meta({ id: 'ArtifactParameters' })

const Generate = z
  .object({
    prompt: prompt.meta({ example: 'Summarise the document in three sentences.' }),
    model: model.optional().meta({ description: 'Default: that of the server’s settings.' }),
    parameters: Parameters.optional(),
    include_document: z.boolean().default(false).meta({
      description: 'Send the text of the artifact’s document with the prompt, as far as it fits.',
    }),
  })
  .strict()
  .meta({ id: 'ArtifactGenerate', description: 'Has the configured provider write it, as a job.' })

const Source = z
  .object({
    provider: z.string().trim().min(1).max(100).optional().meta({ example: 'my-agent' }),
    model: model.optional(),
    prompt: prompt.optional(),
    parameters: z.record(z.string().max(100), z.unknown()).optional(),
  })
  .strict()
  .meta({ id: 'ArtifactSource', description: 'Where content comes from that a program brings.' })

export const originFields = {
  content: z.string().optional().meta({
    description:
      'All of it: the version is complete. Left out, with `generate` too: a version to append to.',
  }),
  generate: Generate.optional(),
  source: Source.optional(),
}

type Origin = { content?: unknown; generate?: unknown; source?: unknown }

/** `generate` says all of where a version comes from. */
export const isOneOrigin = ({ content, generate, source }: Origin): boolean =>
  generate === undefined || (content === undefined && source === undefined)
export const oneOrigin = {
  error: 'Give `generate`, or else `content` and `source`.',
  path: ['generate'],
}

export const title = z.string().trim().min(1).max(200).meta({ example: 'Summary of the report' })
export const mediaType = z.enum(artifactMediaTypes)

export const Artifact = z
  .object({
    id: z.uuid(),
    title: z.string(),
    media_type: mediaType,
    channel_id: z
      .uuid()
      .nullable()
      .meta({ description: '`null`: all of the tenant but guests see it.' }),
    message_id: z.uuid().nullable(),
    document_id: z.uuid().nullable(),
    latest_number: z.int().meta({ description: 'The number of the latest version.' }),
    status: z.enum(artifactStatuses).meta({ description: 'Of the latest version.' }),
    model: z.string().nullable().meta({ description: 'Of the latest version.' }),
    created_by: z.uuid().meta({ description: 'The user may be gone.' }),
    version: z.int().meta({ description: 'Grows with every change of this object; the ETag.' }),
    created_at: time,
    updated_at: time,
    urls: z.object({ versions: z.string(), content: z.string(), stream: z.string() }),
  })
  .meta({ id: 'Artifact', description: 'What an AI made, in versions.' })

export const ArtifactVersion = z
  .object({
    artifact_id: z.uuid(),
    number: z.int(),
    status: z.enum(artifactStatuses),
    provider: z.string().nullable().meta({ description: '`null`: nobody said.' }),
    model: z.string().nullable(),
    prompt: z.string().nullable(),
    parameters: z.record(z.string(), z.unknown()),
    include_document: z.boolean(),
    job_id: z.uuid().nullable().meta({ description: 'Of the generation; see `/v1/jobs/{id}`.' }),
    reverted_from: z.int().nullable().meta({ description: 'The version whose content it has.' }),
    epoch: z.int().meta({
      description:
        'Grows when a provider had to begin anew: offsets then count from its new beginning.',
    }),
    size_bytes: z.int().meta({ description: 'Stored so far: the offset of the next append.' }),
    sha256: z.string().nullable().meta({ description: 'Of the complete content, in hexadecimal.' }),
    usage: z
      .object({
        input_tokens: z.int().nullable(),
        output_tokens: z.int().nullable(),
        finish_reason: z.string().nullable(),
      })
      .nullable(),
    failure: z.object({ code: z.string(), message: z.string() }).nullable(),
    created_by: z.uuid().meta({ description: 'The user may be gone.' }),
    version: z
      .int()
      .meta({ description: 'Grows with every change, stored bytes included; the ETag.' }),
    created_at: time,
    ended_at: time.nullable(),
    urls: z.object({ content: z.string(), stream: z.string() }),
  })
  .meta({ id: 'ArtifactVersion', description: 'One version: where it comes from, how far it is.' })

export const NewArtifact = Artifact.extend({ latest: ArtifactVersion }).meta({
  id: 'NewArtifact',
  description: 'An artifact with its first version.',
})
