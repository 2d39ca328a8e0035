import { conflict, duplicate, invalid, missing, sameId } from './constraint-problems.ts'
import type { DatabaseProblem } from './errors.ts'

const changedMeanwhile = conflict('The conferences have changed meanwhile. Try again.')
const noSeries = missing('The conference does not exist.')

/** The named constraints of conferences. */
export const conferenceConstraints: Record<string, DatabaseProblem> = {
  conference_heads_pkey: changedMeanwhile,
  conference_heads_tenant_exists: missing('The tenant does not exist.'),
  conference_heads_version_is_positive: invalid('Versions are numbered from 1.'),

  conference_series_pkey: sameId,
  conference_series_head_exists: changedMeanwhile,
  conference_series_title_is_unique: duplicate('A conference with this title exists already.'),
  conference_series_title_length: invalid('A title has 1 to 200 characters.'),
  conference_series_version_is_positive: invalid('Versions are numbered from 1.'),

  conference_aliases_pkey: duplicate('The conference has this name already.'),
  conference_aliases_series_exists: noSeries,
  conference_aliases_kind_is_known: invalid('The kind of a name is not one of those that exist.'),
  conference_aliases_name_length: invalid('A name has 1 to 200 characters.'),

  conference_editions_pkey: sameId,
  conference_editions_series_exists: noSeries,
  conference_editions_key_is_unique: duplicate('The conference has this edition already.'),
  conference_editions_year_is_sane: invalid('A year lies between 1900 and 2200.'),
  conference_editions_dates_are_ordered: invalid('A conference ends after it begins.'),

  conference_rounds_pkey: sameId,
  conference_rounds_edition_exists: missing('The edition does not exist.'),
  conference_rounds_number_is_positive: invalid('Rounds are numbered from 1.'),

  conference_deadlines_pkey: sameId,
  conference_deadlines_series_exists: noSeries,
  conference_deadlines_round_exists: missing('The round does not exist.'),
  conference_deadlines_kind_is_unique: duplicate('The round has a deadline of this kind already.'),
  conference_deadlines_kind_is_known: invalid('The kind is not one of those that exist.'),
  conference_deadlines_estimate_is_whole: invalid('An estimate has a year and a basis.'),
  conference_deadlines_sequence_is_not_negative: invalid('A sequence is not negative.'),

  conference_changes_pkey: sameId,
  conference_changes_series_exists: noSeries,
  conference_changes_kind_is_known: invalid('The kind is not one of those that exist.'),

  conference_subscriptions_pkey: sameId,
  conference_subscriptions_user_exists: missing('The user does not exist.'),
  conference_subscriptions_name_length: invalid('A name has 1 to 120 characters.'),
  conference_subscriptions_secret_is_sha256: invalid('The hash of a secret has 32 bytes.'),

  conference_sources_pkey: sameId,
  conference_sources_head_exists: changedMeanwhile,
  conference_sources_url_is_unique: conflict('The source was refreshed meanwhile. Try again.'),
  conference_sources_url_length: invalid('A URL has 1 to 2,000 characters.'),
  conference_sources_verdict_is_known: invalid('The verdict is not one of those that exist.'),
  conference_sources_import_is_whole: invalid('An import has a time, totals and a job.'),

  conference_fetches_pkey: sameId,
  conference_fetches_tenant_exists: missing('The tenant does not exist.'),
}
