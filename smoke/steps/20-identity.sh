# A reader and a key of theirs; the key works at once and may not write.
expect 'own role' "$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/users/me" | field .role)" 'admin'
user=$(curl -fsS -H "Authorization: Bearer $KEY" --json '{"email":"reader@example.com","display_name":"Reader","role":"viewer"}' "$BASE/v1/users")
USER_ID=$(field .id <<<"$user")
key=$(curl -fsS -H "Authorization: Bearer $KEY" --json "{\"name\":\"reader\",\"role\":\"viewer\",\"user_id\":\"$USER_ID\"}" "$BASE/v1/keys")
READER_KEY=$(field .key <<<"$key")
expect 'role of the new key' "$(curl -fsS -H "Authorization: Bearer $READER_KEY" "$BASE/v1/users/me" | field .role)" 'viewer'
refused=$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $READER_KEY" --json '{}' "$BASE/v1/users")
expect 'reply to a write without the right' "$refused" '403'
