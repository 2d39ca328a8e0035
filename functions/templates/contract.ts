import * as z from 'zod'
import { labelTypes } from '../../db/schema/annotations.ts'
import type { templates, templateVersions } from '../../db/schema/templates.ts'
import { annotationFields } from '../../domain/annotations/fields.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { labelFaults } from './rules.ts'

const labelsMax = 200
const placesMax = 50
const param = z.object({ id: z.uuid().toLowerCase() })
const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000006' }
const time = z.iso.datetime()

const Label = z
  .object({
    name: z.string().trim().min(1).max(200).meta({ example: 'invoice_number' }),
    type: z.enum(labelTypes).default('text'),
    colour: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, 'Must be six hexadecimal digits behind #.')
      .toLowerCase()
      .default('#1f77b4')
      .meta({ example: '#d62728' }),
    hotkey: z
      .string()
      .regex(/^[a-z0-9]$/, 'Must be one of a-z and 0-9.')
      .nullable()
      .default(null),
    required: z.boolean().default(false).meta({ description: 'Export waits for it.' }),
    expected_format: z
      .string()
      .max(500)
      .nullable()
      .default(null)
      .meta({
        description: `A regular expression that the whole value has to match, in JavaScript's syntax with the flag \`u\`, without
references back and looking around.`,
        example: '[A-Z]-\\d{4}-\\d{4}',
      }),
    places: z
      .array(
        z.object({
          page: z.int().min(1).nullable().default(null).meta({ description: '`null`: on any.' }),
          box: annotationFields.box,
        }),
      )
      .max(placesMax)
      .default([])
      .meta({ description: 'Where it is expected on a page.' }),
  })
  .meta({ id: 'TemplateLabel' })

const fields = {
  name: z.string().trim().min(1).max(120).meta({
    description: 'Unique in the tenant.',
    example: 'Invoice',
  }),
  labels: z
    .array(Label)
    .max(labelsMax)
    .superRefine((labels, context) => {
      for (const { index, field, message } of labelFaults(labels))
        context.addIssue({ code: 'custom', path: [index, field], message })
    }),
}

const Template = z
  .object({
    id: z.uuid(),
    name: z.string(),
    labels: z.array(Label),
    version: z.int().meta({ description: 'Grows with every change; the ETag.' }),
    updated_by: z.uuid(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Template', description: 'A named set of labels.' })

const TemplateVersion = z
  .object({
    version: z.int(),
    name: z.string(),
    labels: z.array(Label),
    user_id: z.uuid(),
    at: time,
  })
  .meta({ id: 'TemplateVersion', description: 'What a template was at one time.' })

export const createTemplate = route({
  method: 'post',
  path: '/',
  operationId: 'createTemplate',
  role: 'editor',
  summary: 'Make a set of labels',
  input: { json: z.object(fields) },
  replies: { 201: Template, ...failures('duplicate') },
  example: {
    json: {
      name: 'Invoice',
      labels: [
        { name: 'invoice_number', hotkey: 'n', required: true, expected_format: 'R-\\d{4}-\\d{4}' },
        { name: 'total', type: 'number', colour: '#2ca02c', hotkey: 't' },
      ],
    },
  },
})

export const listTemplates = route({
  method: 'get',
  path: '/',
  operationId: 'listTemplates',
  role: 'viewer',
  summary: 'List templates, oldest first',
  input: {
    query: z.object({
      ...pageQuery,
      name: z.string().min(1).max(120).optional().meta({
        description: 'A part of the name, in capitals or not.',
        example: 'invoice',
      }),
      label_name: z.string().min(1).max(200).optional().meta({
        description: 'Has a label of exactly this name.',
      }),
    }),
  },
  replies: { 200: pageOf(Template), ...failures('invalid_cursor') },
  example: { query: { limit: '10' } },
})

export const getTemplate = route({
  method: 'get',
  path: '/:id',
  operationId: 'getTemplate',
  role: 'viewer',
  summary: 'Read a template',
  input: { param },
  replies: { 200: Template, ...failures('not_found') },
  example: { param: exampleId },
})

export const changeTemplate = route({
  method: 'patch',
  path: '/:id',
  operationId: 'changeTemplate',
  role: 'editor',
  summary: 'Change a template',
  description: 'Labels are given as a whole. Every version is kept.',
  input: { param, json: z.object(fields).partial() },
  replies: { 200: Template, ...failures('not_found', 'duplicate', 'stale_version') },
  example: { param: exampleId, json: { labels: [{ name: 'total', type: 'number' }] } },
})

export const revertTemplate = route({
  method: 'post',
  path: '/:id/revert',
  operationId: 'revertTemplate',
  role: 'editor',
  summary: 'Make an earlier version the current one',
  description: 'As a new version, so that nothing of the history is lost.',
  input: { param, json: z.object({ version: z.int().min(1) }) },
  replies: { 200: Template, ...failures('not_found', 'duplicate', 'stale_version') },
  example: { param: exampleId, json: { version: 1 } },
})

export const deleteTemplate = route({
  method: 'delete',
  path: '/:id',
  operationId: 'deleteTemplate',
  role: 'editor',
  summary: 'Delete a template with its versions',
  description: `It is taken from all documents, and what it suggested goes unless somebody has decided it. Annotations that
were made with it stay, and what was dismissed does not come back with another template.`,
  input: { param },
  replies: { 204: null, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

export const listVersions = route({
  method: 'get',
  path: '/:id/versions',
  operationId: 'listTemplateVersions',
  role: 'viewer',
  summary: 'Read the history of a template, newest first',
  input: { param, query: z.object(pageQuery) },
  replies: { 200: pageOf(TemplateVersion), ...failures('not_found', 'invalid_cursor') },
  example: { param: exampleId },
})

export type TemplateRow = typeof templates.$inferSelect
type VersionRow = typeof templateVersions.$inferSelect
type Labels = z.input<typeof Template>['labels']

export const toTemplate = (row: TemplateRow): z.input<typeof Template> => ({
  id: row.id,
  name: row.name,
  labels: row.labels as Labels,
  version: row.version,
  updated_by: row.updatedByUserId,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
})

export const toVersion = (row: VersionRow): z.input<typeof TemplateVersion> => ({
  version: row.version,
  name: row.name,
  labels: row.labels as Labels,
  user_id: row.userId,
  at: row.at.toISOString(),
})
