# A warning and an error through the normal path reach Redis, and the list stays bounded.
curl -fsS -H "Authorization: Bearer $ADMIN_KEY" --json "{\"level\":\"warn\",\"message\":\"$MARK warning\"}" "$BASE/v1/logs" >/dev/null
curl -fsS -H "Authorization: Bearer $ADMIN_KEY" --json "{\"level\":\"error\",\"message\":\"$MARK error\"}" "$BASE/v1/logs" >/dev/null
in_redis() { octavo redis LRANGE logs:errors 0 -1 >"$work/list" && grep -q "$MARK warning" "$work/list" && grep -q "$MARK error" "$work/list"; }
until_true 'the warning and the error in Redis' in_redis
entries=$(wc -l <"$work/list")
[ "$entries" -le 200 ] || fail "logs:errors has $entries entries"
echo "  entries in logs:errors: $entries (at most 200)"
curl -fsS -H "Authorization: Bearer $ADMIN_KEY" "$BASE/v1/logs?limit=200" | grep -q "$MARK error" || fail 'GET /v1/logs lacks the error'
refused=$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $KEY" "$BASE/v1/logs")
expect "reply to another tenant's admin" "$refused" '403'
