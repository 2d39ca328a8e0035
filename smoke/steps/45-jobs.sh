# A worker that is nothing but curl: it takes a job, reports, completes it; fails and gives back another one.
key=$(curl -fsS -H "Authorization: Bearer $KEY" --json '{"name":"renderer","role":"worker"}' "$BASE/v1/keys")
WORKER_KEY=$(field .key <<<"$key")
take_job() {
  local made leased
  made=$(curl -fsS -H "Authorization: Bearer $KEY" --json '{"kind":"reports.render","payload":{"month":"2026-11"}}' "$BASE/v1/jobs")
  leased=$(curl -fsS -H "Authorization: Bearer $WORKER_KEY" --json '{"kinds":["reports.render"],"limit":1,"wait_ms":20000,"lease_ms":60000,"worker":"curl-1"}' "$BASE/v1/jobs/lease")
  JOB=$(field '.jobs[0].id' <<<"$leased")
  TOKEN=$(field '.jobs[0].lease_token' <<<"$leased")
  [ "$JOB" = "$(field .id <<<"$made")" ] || fail "the job $JOB was leased instead of the one that was queued"
}

take_job
beat=$(curl -fsS -H "Authorization: Bearer $WORKER_KEY" --json "{\"lease_token\":\"$TOKEN\",\"progress\":{\"done\":1,\"total\":2},\"log\":[\"page 1\"]}" "$BASE/v1/jobs/$JOB/heartbeat")
expect 'cancel requested' "$(field .cancel_requested <<<"$beat")" 'false'
ended=$(curl -fsS -H "Authorization: Bearer $WORKER_KEY" --json "{\"lease_token\":\"$TOKEN\",\"result\":{\"pages\":2}}" "$BASE/v1/jobs/$JOB/complete")
expect 'job' "$(field .status <<<"$ended") $(field .result.pages <<<"$ended")" 'completed 2'
refused=$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $WORKER_KEY" --json "{\"lease_token\":\"$TOKEN\"}" "$BASE/v1/jobs/$JOB/complete")
expect 'reply to a token that is used up' "$refused" '409'

take_job
failed=$(curl -fsS -H "Authorization: Bearer $WORKER_KEY" --json "{\"lease_token\":\"$TOKEN\",\"code\":\"printer_jam\",\"message\":\"The paper is stuck.\",\"retry_ms\":0}" "$BASE/v1/jobs/$JOB/fail")
expect 'job after a failure' "$(field .status <<<"$failed") $(field '.errors[0].code' <<<"$failed")" 'queued printer_jam'
leased=$(curl -fsS -H "Authorization: Bearer $WORKER_KEY" --json '{"kinds":["reports.render"],"worker":"curl-2"}' "$BASE/v1/jobs/lease")
expect 'attempt' "$(field '.jobs[0].attempt' <<<"$leased")" '2'
TOKEN=$(field '.jobs[0].lease_token' <<<"$leased")
released=$(curl -fsS -H "Authorization: Bearer $WORKER_KEY" --json "{\"lease_token\":\"$TOKEN\"}" "$BASE/v1/jobs/$JOB/release")
expect 'job given back' "$(field .status <<<"$released") $(field .attempts <<<"$released")" 'queued 1'
why=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/jobs/$JOB/why")
expect 'cause of waiting' "$(field '.causes[0].cause' <<<"$why")" 'about_to_start'
curl -fsS -X POST -H "Authorization: Bearer $KEY" "$BASE/v1/jobs/$JOB/cancel" >/dev/null
curl -fsS -N -m 30 -H "Authorization: Bearer $KEY" "$BASE/v1/jobs/$JOB/events" >"$work/run"
story=$(grep -o '"type":"[a-z_]*"' "$work/run" | cut -d '"' -f 4 | xargs)
expect 'story of the run' "$story" 'enqueued started retried started released cancelled'
