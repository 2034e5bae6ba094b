#!/usr/bin/env bash
# How much of the code the unit tier would notice missing: every mutant of an area is judged by `tests-unit`.
#
# Usage: scripts/mutation.sh run  AREA [--sample N] [--seed N] [--shard K/N]   AREA: checkers | gateway
#        scripts/mutation.sh show [AREA...]                                     the figures so far, and every survivor
#
# It works on the commit that is checked out, in folders of its own (GOLDENPATH_MUTATION_DIR), and keeps each
# outcome at once: started again, it goes on where it was stopped. Shards may run side by side. An hour of work and more; not for CI.
set -euo pipefail
cd "$(dirname "$0")/.."

folder="${GOLDENPATH_MUTATION_DIR:-${TMPDIR:-/tmp}/goldenpath-mutation}"
mkdir -p "$folder"

# `cargo mutants` is installed beside the builds, not into the user's own folder.
PATH="$folder/root/bin:$PATH"
command -v cargo-mutants >/dev/null ||
    CARGO_TARGET_DIR="$folder/install" cargo install cargo-mutants --locked --root "$folder/root"
cargo build --quiet --release --locked --manifest-path scripts/mutation/Cargo.toml --target-dir "$folder/weave"

exec python3 scripts/mutation/mutation.py "$folder" "$@"
