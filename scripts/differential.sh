#!/usr/bin/env bash
# Holds the streaming checks against a plain reading of their promises, over many generated histories.
#
# Prints, per check, how often it said what; fails on the first history that is judged in two ways, and shows it.
#
#   scripts/differential.sh [HISTORIES] [SEED]      a hundred thousand of seed 0 unless said otherwise
set -euo pipefail
cd "$(dirname "$0")/.."

histories=${1:-100000}
case $histories in
    '' | *[!0-9]*) echo "failed to begin: \`$histories\` is no number of histories" >&2; exit 2 ;;
esac
seed=${2:-0}
case $seed in
    '' | *[!0-9]*) echo "failed to begin: \`$seed\` is no seed, which is a number" >&2; exit 2 ;;
esac
PROPTEST_CASES=$histories DIFFERENTIAL_SEED=$seed exec cargo test -p tests-unit --test suite -- --nocapture --exact \
    differential::streaming_checks_agree_with_a_plain_reading_of_their_promises
