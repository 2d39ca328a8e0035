# A schedule says when it comes, is run by hand, and comes by itself when its time is changed to every second.
made=$(curl -fsS -H "Authorization: Bearer $KEY" --json '{"name":"Nightly report","kind":"reports.render","cron":"30 2 * * MON-FRI","time_zone":"Europe/Berlin"}' "$BASE/v1/schedules")
SCHEDULE=$(field .id <<<"$made")
next=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/schedules/$SCHEDULE/next?count=3")
expect 'next times of a schedule' "$(field .times.length <<<"$next")" '3'
run=$(curl -fsS -X POST -H "Authorization: Bearer $KEY" "$BASE/v1/schedules/$SCHEDULE/run")
job=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/jobs/$(field .job_id <<<"$run")")
expect 'job of a schedule' "$(field .kind <<<"$job") $(field .status <<<"$job")" 'reports.render queued'
curl -fsS -X PATCH -H "Authorization: Bearer $KEY" --json '{"cron":"* * * * * *"}' "$BASE/v1/schedules/$SCHEDULE" >/dev/null
has_fired() {
  [ "$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/schedules/$SCHEDULE" | field .last_job_id)" != null ]
}
until_true 'a schedule of every second' has_fired
echo '  schedule: fired by the clock'
