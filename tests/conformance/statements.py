#!/usr/bin/env python3
"""Which test proves each normative statement of MQTT 5.0 and 3.1.1.

    statements.py            checks the tags and the table in README.md; exit code 1 when something is wrong
    statements.py --write    writes the table anew

A proof is a transcript (`proves …`), or a test in C++ or Python with a comment `// proves 5.0 MQTT-1.5.4-1 …` above it.
Every statement that binds a server has one or stands in open.txt; one that has a proof does not stand there.
"""

import argparse
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
VERSIONS = ("5.0", "3.1.1")
BEGIN, END = "<!-- statements: written by statements.py -->", "<!-- /statements -->"
ID = re.compile(r"^MQTT-[0-9.]+-[0-9]+$")
COMMENT = re.compile(r"^\s*(?://|#) proves (.*)$")


def statements():
    """(version, id) -> (binds, paraphrase, why), in the order of the specification."""
    rows = [line.split("\t") for line in (HERE / "statements.tsv").read_text().splitlines()[1:]]
    return {(version, name): (binds, text, why) for version, name, binds, text, why in rows}


def tags(words, played):
    """What the words behind "proves" name."""
    versions = [words.pop(0)] if words and words[0] in VERSIONS else played
    return [(version, name) for name in words for version in versions]


def of_transcript(path):
    """(tag, title, line) of each proof in a file of transcripts."""
    title, played = [], list(VERSIONS)
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#"):
            title.append(line.strip("# "))
            continue
        words = line.split()
        if words[:1] == ["versions"]:
            played = [word for word in words[1:] if word in VERSIONS]
            shown = " ".join(title)
        elif words[:1] == ["proves"]:
            for tag in tags(words[1:], played):
                yield tag, shown, number
        title = []


def of_source(path):
    """(tag, test, line) of each proof in a test: the name is that of the next TEST or def below the comment."""
    lines = path.read_text(errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        match = COMMENT.match(line)
        if not match:
            continue
        below = "\n".join(lines[number:number + 6])
        named = re.search(r"TEST(?:_[FP])?\((\w+),\s*(\w+)\)|def (test_\w+)|\{\"([^\"]+)\"", below)
        name = ".".join(part for part in named.groups() if part) if named else path.stem
        for tag in tags(match.group(1).split(), list(VERSIONS)):
            yield tag, name.replace("_", " "), number


def proofs():
    """tag -> [(file from here, line, title)]"""
    found = {}
    for path in sorted(HERE.rglob("*.transcript")):
        for tag, title, line in of_transcript(path):
            found.setdefault(tag, []).append((path.relative_to(HERE).as_posix(), line, title))
    for path in sorted([*TESTS.rglob("*_test.cpp"), *TESTS.rglob("*_test.py")]):
        for tag, title, line in of_source(path):
            found.setdefault(tag, []).append((pathlib.Path("..", path.relative_to(TESTS)).as_posix(), line, title))
    return found


def open_ones():
    lines = [line.split() for line in (HERE / "open.txt").read_text().splitlines() if not line.startswith("#")]
    return {tuple(line) for line in lines if line}


def mistakes(known, found, still_open):
    for tag, places in found.items():
        if tag not in known:
            yield f"{places[0][0]}:{places[0][1]}: MQTT {tag[0]} has no statement {tag[1]}"
    for tag, (binds, _, _) in known.items():
        if binds == "client" and tag in found:
            yield f"{' '.join(tag)} binds only clients, but {found[tag][0][0]} proves it: say what it asks of a server"
        if binds != "client" and tag not in found and tag not in still_open:
            yield f"{' '.join(tag)} has no test: {known[tag][1]}"
        if tag in still_open and (tag in found or binds == "client"):
            yield f"open.txt: {' '.join(tag)} is not open any more: take it out"
    for tag in still_open - set(known):
        yield f"open.txt: there is no statement {' '.join(tag)}"


def table(known, found):
    out = []
    for version in VERSIONS:
        rows = {tag: row for tag, row in known.items() if tag[0] == version}
        binding = [tag for tag, row in rows.items() if row[0] != "client"]
        proved = [tag for tag in binding if tag in found]
        out += [f"### MQTT {version}", "",
                f"{len(rows)} statements; {len(binding)} bind a server, {len(proved)} of them are proved.", "",
                "| statement | says | proved by |", "|---|---|---|"]
        for tag, (binds, text, why) in rows.items():
            links = [f"[{title}]({file}#L{line})" for file, line, title in found.get(tag, [])[:2]]
            more = len(found.get(tag, [])) - len(links)
            proof = ", ".join(links) + (f" and {more} more" if more > 0 else "")
            if binds == "client":
                proof = f"clients only: {why}"
            out.append(f"| {tag[1]} | {text} | {proof or '**open**'} |")
        out.append("")
    return "\n".join(out)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--write", action="store_true")
    wanted = arguments.parse_args()
    known, found = statements(), proofs()
    wrong = list(mistakes(known, found, open_ones()))
    readme = HERE / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    text = f"{before}{BEGIN}\n\n{table(known, found)}{END}{rest.split(END)[1]}"
    if wanted.write:
        readme.write_text(text)
    elif text != readme.read_text():
        wrong.append("README.md: the table is not what the tests say: run tests/conformance/statements.py --write")
    if len(known) != 383:
        wrong.append(f"statements.tsv: {len(known)} statements, the specifications have 383")
    for line in wrong:
        print(line)
    binding = [tag for tag, row in known.items() if row[0] != "client"]
    print(f"{len(known)} statements, {len(binding)} bind a server, {sum(tag in found for tag in binding)} proved")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
