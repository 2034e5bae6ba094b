"""Holds `cargo metadata` (standard input) against the allow-list of deny.toml: licences and sources.

A package passes when its SPDX expression can be satisfied by allowed licences alone.
"""

import json
import re
import sys


def allowed_licences(path="deny.toml"):
    text = open(path, encoding="utf-8").read()
    block = re.search(r"\[licenses\].*?allow = \[(.*?)\]", text, re.S).group(1)
    return set(re.findall(r'"([^"]+)"', block))


def satisfied(expression, allowed):
    """Evaluates an SPDX expression; the old `MIT/Apache-2.0` form counts as OR."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    words = []
    while tokens:
        token = tokens.pop(0)
        if token in ("(", ")"):
            words.append(token)
        elif token in ("AND", "OR"):
            words.append(token.lower())
        else:
            if tokens[:1] == ["WITH"]:
                token = f"{token} WITH {tokens[1]}"
                tokens = tokens[2:]
            words.append(str(token in allowed or token.split(" WITH ")[0] in allowed))
    return eval(" ".join(words), {"__builtins__": {}})  # only True, False, and, or, parentheses


def main():
    packages = json.load(sys.stdin)["packages"]
    allowed = allowed_licences()
    bad = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        licence = package.get("license")
        if not licence:
            bad.append(f"{name}: no licence expression")
        elif not satisfied(licence, allowed):
            bad.append(f"{name}: `{licence}` is not allowed by deny.toml")
        source = package.get("source")
        if source and not source.startswith("registry+"):
            bad.append(f"{name}: source `{source}` is not a registry")
    print("\n".join(bad) if bad else f"licences and sources of {len(packages)} packages are allowed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
