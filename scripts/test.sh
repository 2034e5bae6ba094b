#!/usr/bin/env bash
# Every tier of tests that exists, one after the other, each as CI stages run it. Everything they need beyond Rust
# is named here; a tier that fails ends the run with its own output last.
set -euo pipefail
cd "$(dirname "$0")/.."

need() { PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null || { echo "failed to start: \`$1\` is not installed (hint: $2)" >&2; exit 2; }; }
need cargo "install Rust 1.95 with rustup"
need cc "install a C compiler, on Debian: apt-get install build-essential"
# Tests of a service itself need it, whatever GOLDENPATH_SERVICES says.
[ -n "${GOLDENPATH_TEST_POSTGRES_URL:-}" ] || PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' :)" \
    need initdb "PostgreSQL, on Debian: apt-get install postgresql"
need redis-server "Redis 7 or newer, on Debian: apt-get install redis-server"
if [ "${GOLDENPATH_SERVICES:-}" != embedded ]; then
    [ -n "${GOLDENPATH_TARGET:-}" ] || need nginx "the front of tests-e2e, on Debian: apt-get install nginx-light"
fi

echo "== crates"
cargo test --locked --workspace \
    --exclude tests-unit --exclude tests-integration --exclude tests-e2e --exclude tests-mission-critical
for tier in tests-unit tests-integration tests-e2e tests-mission-critical; do
    [ -d "$tier" ] || continue
    echo "== $tier"
    # The nodes of its stand-in are the command itself.
    [ "$tier" != tests-e2e ] || cargo build --locked -p goldenpath-cli
    cargo test --locked -p "$tier"
done
