# The process, its services, and everything with versions.
curl -fsS "$BASE/livez" >/dev/null
curl -fsS "$BASE/readyz" >/dev/null
health=$(curl -fsS "$BASE/v1/health")
expect 'health' "$(field .status <<<"$health")" 'ok'
# Every function answers for itself: one that cannot be loaded would answer 503 here.
for folder in functions/[a-z]*/; do
  name=$(basename "$folder")
  code=$(curl -sS -o /dev/null -w '%{http_code}' "$BASE/v1/$name/openapi.json")
  [ "$code" = 200 ] || fail "the function $name answers $code"
done
echo "  functions that answer: $(ls -d functions/[a-z]*/ | wc -l)"
