import type { DatabaseProblem } from './errors.ts'

const invalid = (publicMessage: string): DatabaseProblem => ({ code: 'invalid', publicMessage })
const missing = (publicMessage: string): DatabaseProblem => ({ code: 'not_found', publicMessage })
const duplicate = (publicMessage: string): DatabaseProblem => ({
  code: 'duplicate',
  publicMessage,
})
const conflict = (publicMessage: string): DatabaseProblem => ({ code: 'conflict', publicMessage })

const sameId = duplicate('Something with this id exists already.')
const unknownRole = invalid('The role is not one of those that exist.')

/** Every named constraint and unique index of the schema, and what breaking it means to a caller. */
export const constraintProblems: Record<string, DatabaseProblem> = {
  tenants_pkey: sameId,
  tenants_name_is_unique: duplicate('A tenant with this name exists already.'),
  tenants_operator_is_single: conflict('There is an operator tenant already.'),
  tenants_name_length: invalid('A tenant name has 1 to 120 characters.'),

  users_pkey: sameId,
  users_tenant_exists: missing('The tenant does not exist.'),
  users_email_is_unique_in_tenant: duplicate('A user with this email exists already.'),
  users_email_is_lower_case: invalid('An email is stored in lower case.'),
  users_role_is_known: unknownRole,

  api_keys_pkey: sameId,
  api_keys_user_exists: missing('The user does not exist.'),
  api_keys_role_is_known: unknownRole,
  api_keys_secret_is_sha256: invalid('The hash of a secret has 32 bytes.'),

  audit_log_pkey: sameId,
  audit_log_tenant_exists: missing('The tenant does not exist.'),
  audit_log_seq_is_gapless: conflict('Two audit rows were written at once. Try again.'),

  idempotency_keys_pkey: {
    code: 'conflict',
    publicMessage: 'A request with this Idempotency-Key exists already.',
  },
  idempotency_keys_user_exists: missing('The user does not exist.'),
  idempotency_keys_status_is_known: invalid('The status is not one of those that exist.'),
  idempotency_keys_key_length: invalid('An Idempotency-Key has 1 to 255 characters.'),
  idempotency_keys_done_has_reply: invalid('A finished request has a reply.'),

  blobs_pkey: duplicate('These bytes are stored already.'),
  blobs_sha256_is_sha256: invalid('A SHA-256 has 32 bytes.'),
  blobs_bytes_is_not_negative: invalid('A size is not negative.'),

  documents_pkey: sameId,
  documents_user_exists: conflict('The user does not exist, or still owns documents.'),
  documents_bytes_exist: conflict('The stored bytes do not exist, or a document still needs them.'),
  documents_revision_is_unique_for_bytes: duplicate(
    'A document with the same bytes exists already.',
  ),
  documents_status_is_known: invalid('The status is not one of those that exist.'),
  documents_kind_is_known: invalid('The kind is not one of those that exist.'),
  documents_failure_has_code: invalid('A failed document, and only that, has a failure code.'),
  documents_failure_is_known: invalid('The failure code is not one of those that exist.'),
  documents_progress_is_within_pages: invalid('Progress lies between zero and the page count.'),
  documents_filename_length: invalid('A file name has 1 to 255 characters.'),

  document_pages_pkey: duplicate('This page exists already.'),
  document_pages_document_exists: missing('The document does not exist.'),
  document_pages_number_is_positive: invalid('Pages are numbered from 1.'),
  document_pages_rotation_is_quarter: invalid('A rotation is 0, 90, 180 or 270 degrees.'),
  document_pages_words_are_whole: invalid('Packed words have 24 bytes each.'),

  jobs_pkey: sameId,
  jobs_dedupe_key_is_unique: duplicate('A job with this dedupe key waits already.'),
  jobs_status_is_open: invalid('A job here is queued, waiting or running.'),
  jobs_lease_is_whole: conflict('A running job, and only that, has a lease.'),
  jobs_attempts_are_limited: conflict('The job has no attempts left.'),

  jobs_attempts_max_is_positive: invalid('A job has at least one attempt.'),
  jobs_dependencies_are_waited_for: conflict('A job that waits for others has not begun.'),

  job_dependencies_pkey: sameId,
  job_dependencies_policy_is_known: invalid('The policy is not one of those that exist.'),
  job_endings_pkey: sameId,
  job_kinds_pkey: sameId,
  job_kinds_running_max_is_positive: invalid('A limit is at least 1.'),
  job_tenant_limits_pkey: sameId,
  job_tenant_limits_tenant_exists: missing('The tenant does not exist.'),
  job_tenant_limits_running_max_is_positive: invalid('A limit is at least 1.'),
  job_workers_pkey: sameId,
  job_schedules_pkey: sameId,
  job_schedules_tenant_exists: missing('The tenant does not exist.'),
  job_schedules_name_is_unique_in_tenant: duplicate('A schedule with this name exists already.'),
  job_schedules_catch_up_is_known: invalid('The policy is not one of those that exist.'),

  job_history_pkey: sameId,
  job_history_status_is_final: invalid('A job here is completed, failed, dead or cancelled.'),

  run_events_pkey: sameId,
  run_events_tenant_exists: missing('The tenant does not exist.'),

  annotations_pkey: sameId,
  annotations_document_exists: missing('The document does not exist.'),
  annotations_page_is_positive: invalid('Pages are counted from 1.'),
  annotations_box_is_on_the_page: invalid('The box must lie on the page and have an area.'),
  annotations_confidence_is_a_share: invalid('A confidence lies in 0..1.'),
  annotations_label_type_is_known: invalid('The type of the label is not one of those that exist.'),
  annotations_source_is_known: invalid('The source is not one of those that exist.'),
  annotations_validation_is_known: invalid('The validation is not one of those that exist.'),
  annotations_validation_has_a_time: conflict('What was validated has a time, and nothing else.'),
  annotation_locks_pkey: conflict('Somebody else is working on it.'),
  annotation_locks_annotation_exists: missing('The annotation does not exist.'),
  annotation_versions_pkey: conflict('This version exists already.'),
  annotation_versions_annotation_exists: missing('The annotation does not exist.'),
  annotation_versions_change_is_known: invalid('The change is not one of those that exist.'),
  review_seen_pages_pkey: conflict('The page was marked as seen at the same moment. Try again.'),
  review_seen_pages_document_exists: missing('The document does not exist.'),
  review_seen_pages_page_is_positive: invalid('Pages are counted from 1.'),
  review_seen_pages_source_is_known: invalid('The source is not one of those that exist.'),

  templates_pkey: sameId,
  templates_tenant_exists: missing('The tenant does not exist.'),
  templates_name_is_unique_in_tenant: duplicate('A template with this name exists already.'),
  templates_version_is_positive: invalid('A version is at least 1.'),
  template_versions_pkey: conflict('This version exists already.'),
  template_versions_template_exists: missing('The template does not exist.'),

  suggestions_pkey: sameId,
  suggestions_document_exists: missing('The document does not exist.'),
  suggestions_annotation_exists: missing('The annotation does not exist.'),
  suggestions_region_is_unique: duplicate('This region was suggested already.'),
  suggestions_annotation_is_of_one: conflict('The annotation was made of another suggestion.'),
  suggestions_page_is_positive: invalid('Pages are counted from 1.'),
  suggestions_box_is_on_the_page: invalid('The box must lie on the page and have an area.'),
  suggestions_confidence_is_a_share: invalid('A confidence lies in 0..1.'),
  suggestions_label_type_is_known: invalid('The type of the label is not one of those that exist.'),
  suggestions_source_is_known: invalid('The source is not one of those that exist.'),
  suggestions_state_is_known: invalid('The state is not one of those that exist.'),
  suggestions_accepted_has_annotation: conflict(
    'An accepted suggestion, and only that, has an annotation.',
  ),
  suggestions_decision_has_user: conflict('Somebody has decided, or the suggestion is open.'),
  template_applications_pkey: conflict('The template was applied at the same moment. Try again.'),
  template_applications_document_exists: missing('The document does not exist.'),
  template_applications_template_exists: missing('The template does not exist.'),
  template_applications_version_is_positive: invalid('A version is at least 1.'),

  webhook_endpoints_pkey: sameId,
  webhook_endpoints_tenant_exists: missing('The tenant does not exist.'),
  webhook_endpoints_disabled_reason_is_known: invalid('The reason is not one of those that exist.'),
  webhook_endpoints_disabled_has_a_reason: conflict('What was disabled has a time and a reason.'),
  webhook_endpoints_previous_secret_has_an_end: conflict('A secret that was replaced has an end.'),
  webhook_events_pkey: sameId,
  webhook_events_tenant_exists: missing('The tenant does not exist.'),
  webhook_deliveries_pkey: sameId,
  webhook_deliveries_endpoint_exists: missing('The endpoint does not exist.'),
  webhook_deliveries_event_exists: missing('The event does not exist.'),
  webhook_deliveries_state_is_known: invalid('The state is not one of those that exist.'),
  webhook_deliveries_end_has_a_time: conflict('What has ended has a time, and nothing else.'),

  batches_pkey: sameId,
  batches_tenant_exists: missing('The tenant does not exist.'),
  batches_operation_is_known: invalid('The operation is not one of those that exist.'),
  batches_status_is_known: invalid('The status is not one of those that exist.'),
  batches_counts_are_whole: conflict('The counts of a batch are those of its items.'),
  batches_running_has_open_items: conflict('A batch runs while an item is open.'),
  batch_items_pkey: conflict('The batch has an item in this position already.'),
  batch_items_batch_exists: missing('The batch does not exist.'),
  batch_items_document_is_unique_in_batch: duplicate('A document is in a batch once.'),
  batch_items_status_is_known: invalid('The status is not one of those that exist.'),
  batch_items_failure_has_code: invalid('A failed item has an error code.'),
}
