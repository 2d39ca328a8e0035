#!/usr/bin/env bash
# Smoke test of a running stack: curl through Caddy, rows in Postgres, entries in Redis.
# It makes a tenant of its own and removes it again. Usage: ./deploy-local.sh smoke
set -euo pipefail
cd "$(dirname "$0")/.."

smoke_started=$(date +%s%3N)

octavo() { node local-runtime/octavo.mjs "$@"; }

# One value of a JSON text on standard input, e.g. `field .items.length`. One Node answers all of them through two pipes: starting
# one for each took nearly half of the whole test.
field() {
  kill -0 "$fields_pid" || return 1
  { echo "$1"; cat; } >"$work/ask"
  local answer
  answer=$(<"$work/answer")
  [ "${answer%%$'\n'*}" = found ] || return 1
  echo "${answer#*$'\n'}"
}

answer_fields() {
  exec timeout 600 node -e 'const fs = require("node:fs"), [ask, answer] = process.argv.slice(1)
  for (;;) {
    const [path, ...lines] = fs.readFileSync(ask, "utf8").split("\n")
    let found
    try { const value = JSON.parse(lines.join("\n")); found = eval("value" + path) } catch {}
    fs.writeFileSync(answer, found === undefined ? "none" : "found\n" + found)
  }' "$work/ask" "$work/answer"
}

fail() {
  echo "smoke: $1" >&2
  exit 1
}

expect() { # name, actual, expected
  [ "$2" = "$3" ] || fail "$1 is \"$2\", expected \"$3\""
  echo "  $1: $2"
}

# Asks again until a command says yes; gives up after 10 s.
until_true() { # name, command ...
  local name=$1 tries=100
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || fail "$name did not happen within 10 s"
    sleep 0.1
  done
}

work=$(mktemp -d)
mkfifo "$work/ask" "$work/answer"
answer_fields &
fields_pid=$!
trap 'kill "$fields_pid"; rm -rf "$work"' EXIT

state=$(octavo status --json) || fail 'the stack does not run; start it with ./deploy-local.sh'
BASE=$(field .base_url <<<"$state")
ADMIN_KEY=$(cat "$(field .admin_key_file <<<"$state")")
MARK="smoke-$(date +%s)-$$"
tenant=$(octavo tenants create "$MARK" --json)
TENANT=$(field .tenant_id <<<"$tenant")
KEY=$(field .key <<<"$tenant")

clean_up() {
  local code=$?
  kill "$fields_pid" || true
  rm -rf "$work"
  octavo tenants delete "$TENANT" --yes >/dev/null || echo "smoke: tenant $TENANT is left over" >&2
  exit $code
}
trap clean_up EXIT

for step in smoke/steps/*.sh; do
  echo "$(basename "$step" .sh)"
  # shellcheck source=/dev/null
  . "$step"
done
echo 'smoke: green'
