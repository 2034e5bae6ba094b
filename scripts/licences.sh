#!/usr/bin/env bash
# Checks every dependency's licence and source against deny.toml. cargo-deny costs minutes to build, so it is used
# when it is installed; without it the same allow-list is held against `cargo metadata`.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v cargo-deny >/dev/null; then
    exec cargo deny check bans licenses sources
fi
cargo metadata --format-version 1 --locked | python3 scripts/licences.py
