#!/usr/bin/env python3
"""Reads the source tree and fails on untidiness: house.py [text | headers] [folder for kept results]."""

import sys
from pathlib import Path

import floors
import shape
from headers import headers_alone
from tree import Tree

TEXT_RULES = (
    floors.floors, floors.sdk_border, floors.standard_only, floors.sans_io, floors.clockless,
    shape.file_size, shape.function_size, shape.promises, shape.header_opening,
    shape.comment_labels, shape.top_level, shape.mirrored_tests, shape.telling_names,
)


def main(arguments):
    which = arguments[0] if arguments else "text"
    if which not in ("text", "headers"):
        print(f"house.py: there is no set of rules '{which}'", file=sys.stderr)
        return 2
    tree = Tree(Path(__file__).resolve().parents[2])
    if not tree.paths:
        print("house.py: git lists no file here, so nothing was checked", file=sys.stderr)
        return 2
    if which == "headers":
        violations = sorted(headers_alone(tree, arguments[1] if len(arguments) > 1 else None))
    else:
        violations = sorted(violation for rule in TEXT_RULES for violation in rule(tree))
    for violation in violations:
        print(violation)
    print(f"{len(tree.paths)} files, {len(violations)} violations of the house's {which} rules")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
