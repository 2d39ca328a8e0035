# The process, its services, and everything with versions.
curl -fsS "$BASE/livez" >/dev/null
curl -fsS "$BASE/readyz" >/dev/null
health=$(curl -fsS "$BASE/v1/health")
expect 'health' "$(field .status <<<"$health")" 'ok'
