#!/usr/bin/env bash
# Runs each tier N times (20); any flip fails. Usage: scripts/flaky.sh [N] [TIER…]
set -euo pipefail
cd "$(dirname "$0")/.."

times="${1:-20}"
shift || true
tiers=("$@")
[ "${#tiers[@]}" -gt 0 ] || for tier in tests-unit tests-integration tests-e2e tests-mission-critical; do
    [ -d "$tier" ] && tiers+=("$tier")
done
for tier in "${tiers[@]}"; do
    cargo test --locked -p "$tier" --no-run
    [ "$tier" != tests-e2e ] || cargo build --locked -p goldenpath-cli
    for round in $(seq "$times"); do
        if ! cargo test --locked -q -p "$tier" >"target/flaky-$tier.log" 2>&1; then
            cat "target/flaky-$tier.log"
            echo "$tier failed in round $round of $times" >&2
            exit 1
        fi
    done
    echo "$tier: $times of $times rounds passed"
done
