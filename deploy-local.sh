#!/usr/bin/env bash
# Sets Octavo up and runs it, with nothing but Node >= 20 and npm. Safe to run again, whatever happened before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# The smoke test prints how long it took from here to green.
export OCTAVO_INTERNAL_STARTED_MS=${OCTAVO_INTERNAL_STARTED_MS:-$(date +%s%3N)}

usage() {
  cat <<'TEXT'
Usage: ./deploy-local.sh [command]

  (none)            install, start or update everything, then run the smoke test;
                    --no-smoke leaves that out, --isolate each gives every function a process
  stop              end every process and wait for it
  status [--json]   addresses, processes, memory; exit code 3 when stopped
  logs [--follow]   the last 200 warnings and errors; --process <name> shows one process's own log
  reset [--yes]     stop and delete all data of this stack
  smoke             run the smoke test against the running stack
  --help            this text

Two stacks run side by side with different OCTAVO_HOME and OCTAVO_PORT:
  OCTAVO_HOME=.local-2 OCTAVO_PORT=9080 ./deploy-local.sh
TEXT
}

fail() {
  echo "deploy-local.sh: $*" >&2
  exit 1
}

case "${1:-deploy}" in
  -h | --help | help)
    usage
    exit 0
    ;;
  deploy | stop | status | logs | reset | smoke | --*) ;;
  *)
    usage >&2
    fail "there is no command \"$1\" here; npx octavo --help lists them all"
    ;;
esac

# Before a minute of installation; what follows a flag is checked by the program itself.
case "${1:-deploy}" in
  --no-smoke | --smoke | --isolate | --isolate=* | [!-]*) ;;
  *) fail "there is no flag \"$1\"; see ./deploy-local.sh --help" ;;
esac

command -v node >/dev/null || fail "Node is missing: install Node 20 or newer (https://nodejs.org)."
command -v npm >/dev/null || fail "npm is missing: it comes with Node 20 or newer (https://nodejs.org)."
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] ||
  fail "Node $(node -p process.versions.node) is too old: install Node 20 or newer."

# One installation at a time, whichever stack asks for it. The lock ends with its holder, also by kill -9.
install_dependencies() {
  node local-runtime/install.mjs --check && return
  mkdir -p .cache 2>/dev/null || fail "the folder $PWD cannot be written: change its owner or its rights."
  (
    if command -v flock >/dev/null; then flock 9; fi
    node local-runtime/install.mjs
  ) 9>.cache/install.lock
}

case "${1:-deploy}" in
  deploy | smoke | --*) install_dependencies ;;
esac

case "${1:-deploy}" in
  --*) exec node local-runtime/octavo.mjs deploy "$@" ;;
  deploy) exec node local-runtime/octavo.mjs deploy "${@:2}" ;;
  *) exec node local-runtime/octavo.mjs "$@" ;;
esac
