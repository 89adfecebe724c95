"""Rules about the shape of files and folders: sizes, opening lines, names, places."""

import ast
import re
from pathlib import PurePosixPath

from floors import FLOORS
from tree import CODE, Violation, code_only

TOP_LEVEL = {"CMakeLists.txt", "kernel", "plugins", "sdk", "config", "tests", "examples",
             "README.md", "LICENSE", "CHANGELOG.md", "dev"}
TEST_KINDS = {"sdk", "conformance", "interop", "simulation", "faults", "fuzz", "bench", "house", "e2e"}
EMPTY_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "impl", "misc"}
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
REASON = re.compile(r"\blong: *\S")


def _sized(tree):
    return [path for path in tree.paths if PurePosixPath(path).suffix in CODE | {".py"} or path == "dev"]


def file_size(tree):
    """A file over 500 lines says why on its first line, after 'long:' (a script, after its '#!' line)."""
    for path in _sized(tree):
        lines = tree.text(path).splitlines()
        opening = lines[:2] if lines and lines[0].startswith("#!") else lines[:1]
        if len(lines) > FILE_LINES_MAX and not REASON.search("\n".join(opening)):
            yield Violation(path, 1, f"{len(lines)} lines; split it, or say why on line 1 as 'long: …'")


def function_size(tree):
    """A function over 70 lines says why after 'long:' on its first line or the one above."""
    for path in _sized(tree):
        text = tree.text(path)
        lines = text.split("\n")
        suffix = PurePosixPath(path).suffix
        found = _cpp_functions(text) if suffix in CODE else _python_functions(text) if suffix == ".py" else ()
        for start, end in found:
            size, near = end - start + 1, "\n".join(lines[max(0, start - 2):start])
            if size > FUNCTION_LINES_MAX and not REASON.search(near):
                yield Violation(path, start, f"{size} lines in one function; split it, or say 'long: …' above")


def _python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno


_NOT_A_FUNCTION = re.compile(
    r"(template\s*<.*?>\s*)?(namespace|class|struct|enum|union|extern|else|do|return)\b")
_OPENS_BODY = re.compile(r"[)\w>}\]]\s*\{$")


def _cpp_functions(text):
    """First and last line of each function. Leans on the format: a body closes at its head's column."""
    lines = code_only(text).split("\n")
    head, number = None, 0
    while number < len(lines):
        line = lines[number].rstrip()
        number += 1
        if not line.strip() or line.lstrip().startswith("#"):
            head = None
            continue
        head = number if head is None else head
        if line.endswith("{") and _is_function(" ".join(lines[head - 1:number])):
            column = len(lines[head - 1]) - len(lines[head - 1].lstrip())
            closing = " " * column + "}"
            close = next((at for at in range(number, len(lines)) if lines[at].startswith(closing)), None)
            if close is not None:
                yield head, close + 1
                number = close + 1
            head = None
        elif line.endswith(("{", "}", ";", ":")):
            head = None


def _is_function(statement):
    statement = statement.strip()
    return ("(" in statement and statement.count("(") == statement.count(")")
            and not _NOT_A_FUNCTION.match(statement) and bool(_OPENS_BODY.search(statement)))


def promises(tree):
    """No file promises work: an issue does that."""
    words = re.compile(r"\b(FIX" r"ME|TO" r"DO)\b")
    for path in tree.paths:
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            if words.search(line):
                yield Violation(path, number, f"'{words.search(line)[0]}': do it, or file an issue")


def header_opening(tree):
    """A header of the kernel or the SDK opens with a comment that says what it is."""
    for path in tree.under("kernel", {".hpp", ".h"}) + tree.under("sdk", {".hpp", ".h"}):
        if not re.match(r"(//|/\*)[/*!]* *\S.{8,}", tree.text(path)):
            yield Violation(path, 1, "a header's first line is a comment: what it is, in a sentence")


_JOINED_LABEL = re.compile(r"//.*\S (Thread|Owns|Cost|Fails|Source|Grant|Attach|Open): ")


def comment_labels(tree):
    """A label in a comment begins its line, or stands apart from what is before it."""
    for path in tree.paths:
        if PurePosixPath(path).suffix in CODE:
            for number, line in enumerate(tree.text(path).split("\n"), 1):
                if joined := _JOINED_LABEL.search(line):
                    yield Violation(path, number, f"'{joined[1]}:' begins a line, or follows three spaces")


def top_level(tree):
    """The top of the checkout holds the names of the design card and dot files."""
    for name in sorted({path.split("/")[0] for path in tree.paths}):
        if name not in TOP_LEVEL and not name.startswith("."):
            yield Violation(name, 1, f"the top level holds {' '.join(sorted(TOP_LEVEL))} and dot files")


def mirrored_tests(tree):
    """tests/ has a folder for each room with sources; its other folders are the known kinds."""
    tested = {path.split("/")[1] for path in tree.paths if path.startswith("tests/") and path.count("/") > 1}
    for folder in sorted(tested - TEST_KINDS - set(FLOORS)):
        yield Violation(f"tests/{folder}", 1, f"is neither a room nor one of {' '.join(sorted(TEST_KINDS))}")
    for room in FLOORS:
        if tree.under(f"kernel/{room}") and not tree.under(f"tests/{room}", CODE | {".py"}):
            yield Violation(f"kernel/{room}", 1, f"has no tests in tests/{room}")


def telling_names(tree):
    """A file is named for its subject."""
    for path in tree.paths:
        stem = PurePosixPath(path).stem.removesuffix("_test")
        if PurePosixPath(path).suffix in CODE | {".py"} and stem in EMPTY_NAMES:
            yield Violation(path, 1, f"'{stem}' names no subject")
