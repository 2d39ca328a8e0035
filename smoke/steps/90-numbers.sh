# What the idle stack costs, and how long it took to get here.
octavo status | grep -i 'memory' | sed 's/^/  /'
started=${OCTAVO_INTERNAL_STARTED_MS:-$smoke_started}
echo "  time to green: $(awk "BEGIN { printf \"%.1f\", ($(date +%s%3N) - $started) / 1000 }") s since $([ -n "${OCTAVO_INTERNAL_STARTED_MS:-}" ] && echo './deploy-local.sh' || echo 'the smoke test') began"
