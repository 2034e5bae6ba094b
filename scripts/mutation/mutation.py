"""How many mutants of an area the unit tier catches. The command line is told in mutation.sh, which calls this.

`cargo mutants` lists the mutants; the seed's order of them is the sample's. It would build each by itself, which is hours; here they
are woven into one build, each behind a switch (see src/main.rs), and the built tier is run once per mutant. What no switch can hold (a
`const fn`, an `impl Trait` of another type) is put into the code and built by itself, as `cargo mutants` does it.

An outcome is kept as soon as it is known, with the commit it was measured at, and only those of one commit are counted together.
"""

import argparse
import json
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

# What is mutated, by globs as `cargo mutants --file` takes them. The judge of all is the unit tier alone.
AREAS = {
    "checkers": ["crates/checkers/src/**"],
    "gateway": [
        "crates/gateway/src/{manager,notifier,bridge}/**",
        "crates/gateway/src/context.rs",
        "crates/gateway/src/delivery.rs",
    ],
}
# The share that must be caught, in percent.
LEAST = {"checkers": 95, "gateway": 90}
# Seconds that the unit tier may take with a mutant in it; by itself it takes less than twenty on two cores. Where it takes longer, beside
# other work, it may take so many times what it took with no mutant awake: who is only slow is not caught.
TIMEOUT = 120
TIMES = 5
# 97.5 % quantile of the normal distribution: a two-sided bound of 95 %.
Z = 1.959964
CAUGHT = ("caught", "timeout")
SWITCH = "GOLDENPATH_MUTANT"
# The tests that notice most of an area for a second of work: they are run before all others.
FIRST = {
    "checkers": [
        "terms::", "value::", "content::", "isolation::", "timestamps::", "tables::", "json_fields::", "words::", "texts::",
        "perturbed::",
    ],
    "gateway": [
        "agent_bridge::", "connection_places::", "delivery_tracker::", "event_delivery_core::", "event_manager::",
        "manager_contract::", "manager_core::", "run_stream::", "stream_cursor::", "user_execution_context::",
        "websocket_notifier::",
    ],
}


def run(*command, **more):
    return subprocess.run(command, check=True, text=True, capture_output=True, **more).stdout.strip()


class Area:
    """One shard's measurement of one area: a clone of the commit, where mutants are put and built."""

    def __init__(self, folder, area, commit, shard):
        self.folder, self.name, self.commit = folder, area, commit
        self.timeout = TIMES * TIMEOUT
        self.tree = folder / f"tree-{shard}"
        self.environment = dict(
            os.environ, CARGO_TARGET_DIR=str(folder / f"target-{shard}"), CARGO_TERM_COLOR="never",
        )
        self.environment.pop(SWITCH, None)
        if not self.tree.exists():
            run("git", "clone", "--quiet", "--no-checkout", ".", str(self.tree))
        # From where this was started: it need not be the clone that the tree was made of.
        run("git", "fetch", "--quiet", os.getcwd(), commit, cwd=self.tree)
        self.restore()

    def restore(self):
        run("git", "checkout", "--quiet", "--force", self.commit, cwd=self.tree)

    def mutants(self):
        """Every mutant of the area, in an order of their own."""
        files = [word for glob in AREAS[self.name] for word in ("--file", glob)]
        listed = run("cargo", "mutants", "--workspace", "--list", "--json", "--diff", *files, cwd=self.tree)
        return sorted(json.loads(listed), key=lambda mutant: (mutant["name"], mutant["diff"]))

    def cargo(self, *words):
        done = subprocess.run(
            ["cargo", *words, "--locked", "--message-format", "json"],
            cwd=self.tree, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], done.stderr

    def build(self):
        """Builds the unit tier; gives its binary, or nothing and why when the code does not compile."""
        status, messages, errors = self.cargo("test", "--package", "tests-unit", "--test", "suite", "--no-run")
        if status != 0:
            return None, errors
        return [message["executable"] for message in messages if message.get("executable")][-1], ""

    def judge(self, binary, awake=None):
        """Runs the unit tier until its first failed test: the outcome, and which test it was."""
        first = FIRST[self.name]
        what, by = self.tests([binary, *first], awake)
        if what != "missed":
            return what, by
        return self.tests([binary, *(word for name in first for word in ("--skip", name))], awake)

    def tests(self, command, awake):
        """Runs some tests until the first that fails."""
        environment = dict(self.environment, **({SWITCH: str(awake)} if awake is not None else {}))
        tests = subprocess.Popen(
            command, cwd=self.tree / "tests-unit", env=environment, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )
        late = threading.Event()

        def end():
            late.set()
            os.killpg(tests.pid, signal.SIGKILL)

        timer = threading.Timer(self.timeout, end)
        timer.start()
        failed = None
        for line in tests.stdout:
            if line.startswith("test ") and line.rstrip().endswith("... FAILED"):
                failed = line.split()[1]
                os.killpg(tests.pid, signal.SIGKILL)
                break
        status = tests.wait()
        timer.cancel()
        if failed is None and late.is_set():
            return "timeout", None
        return ("missed", None) if status == 0 else ("caught", failed or f"status {status}")

    def healthy(self, binary, why):
        """Ends everything when the tier does not pass as the code is: no outcome would mean anything."""
        started = time.monotonic()
        what, by = self.judge(binary) if binary else ("unviable", why)
        self.timeout = max(TIMEOUT, TIMES * (time.monotonic() - started))
        if what != "missed":
            sys.exit(f"failed to begin: with no mutant awake the unit tier is `{what}`: {by}")

    def weave(self, mutants):
        """Puts all mutants into the tree that a switch can hold and that compile so; gives these by their number."""
        woven = dict(enumerate(mutants))
        weaver = str(self.folder / "weave" / "release" / "goldenpath-weave")
        while True:
            self.restore()
            listed = json.dumps([dict(mutant, id=number) for number, mutant in woven.items()])
            places = json.loads(run(weaver, str(self.tree), input=listed))
            woven = {place["id"]: woven[place["id"]] for place in places}
            packages = [word for name in sorted({mutant["package"] for mutant in woven.values()}) for word in ("--package", name)]
            status, messages, errors = self.cargo("check", "--lib", *packages)
            if status == 0:
                return woven
            wrong = {number for message in messages for number in self.blamed(message, places)}
            if not wrong:
                sys.exit(f"failed to weave: no mutant stands where the compiler fails\n{errors}")
            print(f"{len(wrong)} mutants do not compile behind a switch", flush=True)
            woven = {number: mutant for number, mutant in woven.items() if number not in wrong}

    @staticmethod
    def blamed(message, places):
        """The mutants that a compiler's error points at: the innermost around its mark, or around its other marks; else the next behind
        its mark, as an arm is behind the head of its `match`."""
        error = message.get("message", {})
        if message.get("reason") != "compiler-message" or error.get("level") != "error":
            return set()
        for primary in (True, False):
            blamed = set()
            for mark in (mark for mark in error["spans"] if mark["is_primary"] == primary):
                around = [
                    place for place in places
                    if place["file"] == mark["file_name"]
                    and place["start"] <= mark["byte_start"] and mark["byte_end"] <= place["end"]
                ]
                least = min((place["end"] - place["start"] for place in around), default=0)
                blamed |= {place["id"] for place in around if place["end"] - place["start"] == least}
            if blamed:
                return blamed
        for mark in (mark for mark in error["spans"] if mark["is_primary"]):
            behind = [
                place for place in places
                if place["file"] == mark["file_name"] and mark["byte_end"] <= place["start"]
            ]
            if behind:
                return {min(behind, key=lambda place: place["start"])["id"]}
        return set()

    def alone(self, mutant):
        """What becomes of one mutant that is built by itself."""
        path = self.tree / mutant["file"]
        healthy = path.read_bytes()
        try:
            subprocess.run(
                ["patch", "--quiet", "--no-backup-if-mismatch", mutant["file"]],
                input=mutant["diff"], cwd=self.tree, text=True, check=True, stdout=subprocess.DEVNULL,
            )
            if self.cargo("check", "--lib", "--package", mutant["package"])[0] != 0:
                return "unviable", None
            binary, why = self.build()
            if not binary:
                sys.exit(f"failed to build the unit tier: {why}")
            return self.judge(binary)
        finally:
            path.write_bytes(healthy)


def outcomes(folder, area):
    return folder / f"{area}.jsonl"


def read(folder, area):
    path = outcomes(folder, area)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def measure(folder, arguments):
    commit = run("git", "rev-parse", "HEAD")
    part, parts = (int(number) for number in arguments.shard.split("/"))
    area = Area(folder, arguments.area, commit, f"{arguments.area}-{part}")
    order = area.mutants()
    of = len(order)
    random.Random(arguments.seed).shuffle(order)
    order = order[: arguments.sample or of]
    done = {(line["name"], line["replacement"]) for line in read(folder, area.name) if line["commit"] == commit}
    left = [
        mutant for place, mutant in enumerate(order)
        if place % parts == part and (mutant["name"], mutant["replacement"]) not in done
    ]
    print(f"{area.name}: {of} mutants, {len(order)} chosen, {len(left)} left in shard {arguments.shard}", flush=True)
    if not left:
        return 0

    def keep(mutant, outcome, number):
        what, by = outcome
        with outcomes(folder, area.name).open("a") as out:
            out.write(json.dumps({
                "commit": commit, "of": of, "seed": arguments.seed, "name": mutant["name"],
                "replacement": mutant["replacement"], "outcome": what, "by": by,
            }) + "\n")
        print(f"{number}/{len(left)} {what:8} {mutant['name']}" + (f" ({by})" if by else ""), flush=True)

    started = time.monotonic()
    woven = area.weave(left)
    binary, why = area.build()
    # Some tests read the sources, as they are at the commit.
    area.restore()
    area.healthy(binary, why)
    print(f"{len(woven)} of them woven into one build, after {time.monotonic() - started:.0f} s", flush=True)
    # In the seed's order, so that what is known when it is stopped is a sample, too.
    for number, mutant in sorted(woven.items()):
        keep(mutant, area.judge(binary, number), number)
    for number, mutant in enumerate(left):
        if number not in woven:
            keep(mutant, area.alone(mutant), number)
    return 0


def wilson_low(caught, of):
    """Lower bound of a share, 95 %."""
    if of == 0:
        return 0.0
    share, square = caught / of, Z * Z
    middle = share + square / (2 * of)
    spread = Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return (middle - spread) / (1 + square / of)


def show(folder, arguments):
    short = False
    for area in arguments.areas or AREAS:
        lines = read(folder, area)
        short |= not lines
        for commit in dict.fromkeys(line["commit"] for line in lines):
            mine = [line for line in lines if line["commit"] == commit]
            judged = [line for line in mine if line["outcome"] != "unviable"]
            caught = sum(line["outcome"] in CAUGHT for line in judged)
            share = 100 * caught / max(len(judged), 1)
            short |= share < LEAST[area]
            print(
                f"{area} at {commit[:12]}: {caught} of {len(judged)} caught ({share:.1f} %, at least "
                f"{100 * wilson_low(caught, len(judged)):.1f} % by Wilson), {len(mine) - len(judged)} did not compile, "
                f"{len(mine)} tried of {mine[0]['of']}; wanted {LEAST[area]} %"
            )
            for line in judged:
                if line["outcome"] == "missed":
                    print(f"  missed {line['name']}")
    return 1 if short else 0


def main():
    folder = Path(sys.argv[1])
    parser = argparse.ArgumentParser(prog="scripts/mutation.sh")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run")
    one.add_argument("area", choices=AREAS)
    one.add_argument("--sample", type=int, help="so many, in the seed's order; all without it")
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--shard", default="0/1", help="every N-th of them, beginning with the K-th")
    some = commands.add_parser("show")
    some.add_argument("areas", nargs="*", metavar="AREA", help=" | ".join(AREAS))
    arguments = parser.parse_args(sys.argv[2:])
    unknown = [area for area in getattr(arguments, "areas", []) if area not in AREAS]
    if unknown:
        parser.error(f"unknown area `{unknown[0]}` (valid: {', '.join(AREAS)})")
    sys.exit(measure(folder, arguments) if arguments.command == "run" else show(folder, arguments))


main()
