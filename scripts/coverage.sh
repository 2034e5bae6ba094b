#!/usr/bin/env bash
# Line coverage of the gateway's socket path by the unit and integration tiers and the gateway's own tests.
# rustup's llvm-tools are not needed: Debian's llvm reads the profiles. Usage: scripts/coverage.sh [least percent]
set -euo pipefail
cd "$(dirname "$0")/.."

least="${1:-95}"
command -v cargo-llvm-cov >/dev/null ||
    { echo "failed to measure: \`cargo llvm-cov\` is not installed (hint: cargo install cargo-llvm-cov --locked)" >&2; exit 2; }
major=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
for version in "$major" 22 21 20 19 18 17 16 15 14; do
    if [ -x "/usr/lib/llvm-$version/bin/llvm-cov" ]; then
        export LLVM_COV="${LLVM_COV:-/usr/lib/llvm-$version/bin/llvm-cov}"
        export LLVM_PROFDATA="${LLVM_PROFDATA:-/usr/lib/llvm-$version/bin/llvm-profdata}"
        break
    fi
done
[ -n "${LLVM_COV:-}" ] || { echo "failed to measure: no llvm-cov (hint: apt-get install llvm)" >&2; exit 2; }

cargo llvm-cov --locked --json --output-path target/coverage.json \
    -p goldenpath-gateway -p tests-unit -p tests-integration --ignore-filename-regex '/tests?/|registry' >/dev/null
python3 - "$least" <<'PY'
import json
import sys

least = float(sys.argv[1])
path = ("manager", "notifier", "bridge", "context", "delivery", "socket")
files = json.load(open("target/coverage.json"))["data"][0]["files"]
covered = total = 0
for entry in sorted(files, key=lambda f: f["filename"]):
    name = entry["filename"].split("crates/gateway/src/")[-1]
    if "crates/gateway/src/" not in entry["filename"] or not name.startswith(path):
        continue
    lines = entry["summary"]["lines"]
    covered, total = covered + lines["covered"], total + lines["count"]
    print(f"{name:32} {lines['covered']:5} of {lines['count']:5}  {lines['percent']:6.2f} %")
if not total:
    sys.exit("failed to measure: no line of the socket path was seen")
percent = 100 * covered / total
print(f"{'socket path':32} {covered:5} of {total:5}  {percent:6.2f} %  (at least {least} %)")
sys.exit(percent < least)
PY
