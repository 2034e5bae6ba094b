#!/usr/bin/env bash
# Line coverage of the gateway's socket path by the gateway's own tests and the unit and integration tiers.
# The socket path is every file between an accepted socket and the agent, as SOCKET_PATH lists them; lines of unit tests
# inside these files do not count. Builds into a folder of its own, which is kept for the next time.
# Usage: scripts/coverage.sh [least percent, 95 by default]; with UNCOVERED=1 it names each line that no test reached.
set -euo pipefail
cd "$(dirname "$0")/.."

export SOCKET_PATH="server/listener.rs server/drain.rs socket/ manager/ notifier/ bridge/ context.rs delivery.rs"
least="${1:-95}"
folder="${GOLDENPATH_COVERAGE_DIR:-${TMPDIR:-/tmp}/goldenpath-coverage}"
mkdir -p "$folder"

# `cargo llvm-cov` is installed beside the builds, not into the user's own folder.
PATH="$folder/root/bin:$PATH"
command -v cargo-llvm-cov >/dev/null ||
    CARGO_TARGET_DIR="$folder/install" cargo install cargo-llvm-cov --locked --root "$folder/root"

# rustup's llvm-tools may be out of reach: Debian's llvm reads the profiles as well, if it is as new as rustc's own.
major=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
if [ -z "${LLVM_COV:-}" ]; then
    for version in "$major" $((major + 1)) $((major + 2)); do
        [ -x "/usr/lib/llvm-$version/bin/llvm-cov" ] || continue
        export LLVM_COV="/usr/lib/llvm-$version/bin/llvm-cov" LLVM_PROFDATA="/usr/lib/llvm-$version/bin/llvm-profdata"
        break
    done
fi
if [ -z "${LLVM_COV:-}" ] && ! ls "$(rustc --print sysroot)"/lib/rustlib/*/bin/llvm-cov >/dev/null 2>&1; then
    echo "failed to measure: no llvm-cov of LLVM $major (hint: apt-get install llvm-$major, or rustup component add llvm-tools)" >&2
    exit 2
fi

export CARGO_TARGET_DIR="$folder/target"
cargo llvm-cov --locked --lcov --output-path "$folder/lcov.info" \
    -p goldenpath-gateway -p tests-unit -p tests-integration
python3 - "$least" "$folder/lcov.info" <<'PY'
import os
import sys

least, report = float(sys.argv[1]), sys.argv[2]
root = os.path.join(os.getcwd(), "crates/gateway/src") + "/"
path = tuple(os.environ["SOCKET_PATH"].split())


def product_lines(name):
    """How many lines stand before the file's own unit tests."""
    lines = open(name).read().split("\n")
    return next((at for at, line in enumerate(lines) if line == "#[cfg(test)]"), len(lines))


files, name = {}, None
for line in open(report):
    if line.startswith("SF:"):
        name = line[3:].strip()
        name = name if name.startswith(root) and name[len(root):].startswith(path) else None
    elif name and line.startswith("DA:"):
        at, count = line[3:].split(",")[:2]
        files.setdefault(name, {})[int(at)] = int(count)
covered = total = 0
for name, lines in sorted(files.items()):
    last = product_lines(name)
    missed = sorted(at for at, count in lines.items() if at <= last and not count)
    here = sum(at <= last for at in lines)
    covered, total = covered + here - len(missed), total + here
    print(f"{name[len(root):]:28} {here - len(missed):5} of {here:5}  {100 * (here - len(missed)) / max(here, 1):6.2f} %")
    if os.environ.get("UNCOVERED") and missed:
        text = open(name).read().split("\n")
        print("\n".join(f"    {at:4}: {text[at - 1].strip()}" for at in missed))
if not total:
    sys.exit("failed to measure: no line of the socket path was seen")
percent = 100 * covered / total
print(f"{'socket path':28} {covered:5} of {total:5}  {percent:6.2f} %  (at least {least:g} %)")
sys.exit(percent < least)
PY
