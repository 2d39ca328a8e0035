import * as z from 'zod'

/** A job of this kind brings a tenant's conferences up to date from somebody else's server. */
export const refreshJobKind = 'conferences.refresh'

const count = (fallback: number) => z.int().min(0).max(1_000_000).default(fallback)
const days = (fallback: number) => z.int().min(1).max(36_500).default(fallback)
const share = (fallback: number) => z.number().min(0).max(1).default(fallback)

/** What a refresh is asked for: where from, and what the source must be like. */
export const RefreshOrder = z
  .strictObject({
    source: z.strictObject({
      url: z
        .string()
        .min(1)
        .max(2_000)
        .meta({
          description: `A YAML file of all conferences, or a zip archive of such files. Begins with https://; up to five
redirects are followed.`,
          example: 'https://example.com/conferences.yml',
        }),
    }),
    floor: z
      .strictObject({
        share: share(0.8).meta({
          description: 'Of what was there at the last import from this source, 0 to 1.',
        }),
        series: count(1),
        editions: count(0),
        deadlines: count(0),
      })
      .prefault({})
      .meta({ description: 'How much there must be at least.' }),
    emptied_max: count(5).meta({
      description:
        'Known editions that may lose all deadlines, because the source has none of them any more.',
    }),
    freshness_days: days(180).meta({
      description: 'How old the newest announced deadline may be; one to come is fresh.',
    }),
    on_stale: z.enum(['fail', 'warn']).default('fail'),
    import_days: days(30).meta({
      description: 'A last good import older than this is a warning.',
    }),
    duplicates_max: count(0).meta({ description: 'Conferences that stand twice in the source.' }),
    refused_share_max: share(0.1).meta({
      description: 'Of conferences that are refused for mistakes, 0 to 1.',
    }),
    dry_run: z.boolean().default(false).meta({
      description: 'Everything but the import: only say what would change.',
    }),
  })
  .meta({ id: 'ConferenceRefresh' })

export type RefreshOrder = z.output<typeof RefreshOrder>

/** As the payload of a job, to which a schedule adds which it is. */
export const RefreshPayload = RefreshOrder.safeExtend({
  schedule_id: z.string().optional(),
  scheduled_at: z.string().optional(),
})
