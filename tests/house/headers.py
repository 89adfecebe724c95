"""The rule that each header compiles alone; results are kept by content, so a second run takes a moment."""

import hashlib
import posixpath
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tree import Violation

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
CPP = ["c++", "-x", "c++", "-std=c++20", *WARNINGS]
C99 = ["cc", "-x", "c", "-std=c99", "-pedantic-errors", *WARNINGS]
INCLUDE_ROOTS = ("kernel", "sdk/include", "sdk")
COMPILES_AT_ONCE = 2


def headers_alone(tree, kept=None):
    """Kernel and SDK headers compile as the only include of a file; C headers as C99 too.

    `kept` is a folder for the keys of what has compiled, or None to compile all of it.
    """
    work = [(path, compiler) for path, compilers in _compilers(tree) for compiler in compilers]
    versions = {name: subprocess.run([name, "--version"], check=True, capture_output=True, timeout=60).stdout
                for name in (CPP[0], C99[0])}
    with ThreadPoolExecutor(COMPILES_AT_ONCE) as pool:
        results = pool.map(lambda job: _compile(tree, job[0], job[1], versions[job[1][0]], kept), work)
        yield from (violation for violation in results if violation)


def _compilers(tree):
    for path in tree.under("kernel", {".hpp"}) + tree.under("sdk", {".hpp"}):
        yield path, [CPP]
    for path in tree.under("sdk", {".h"}):
        yield path, [CPP, C99]


def _compile(tree, path, compiler, version, kept):
    key = _key(tree, path, compiler, version)
    if kept is not None and (Path(kept) / key).exists():
        return None
    roots = [f"-I{tree.root / root}" for root in INCLUDE_ROOTS]
    source = f'#include "{(tree.root / path).resolve()}"\nextern int not_an_empty_file;\n'
    done = subprocess.run([*compiler, "-fsyntax-only", *roots, "-"], input=source, text=True,
                          capture_output=True, timeout=240)
    if done.returncode == 0:
        if kept is not None:
            Path(kept).mkdir(parents=True, exist_ok=True)
            (Path(kept) / key).touch()
        return None
    error = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
    return Violation(path, 1, f"does not compile alone as {compiler[3].removeprefix('-std=')}: {error}")


def _key(tree, path, compiler, version):
    """A digest of the header, of every file of ours it reaches, of the compiler and of its options."""
    digest = hashlib.sha256(repr((compiler, version)).encode())
    for reached in sorted(_closure(tree, path)):
        digest.update(reached.encode() + b"\0" + tree.text(reached).encode() + b"\0")
    return digest.hexdigest()


def _closure(tree, path):
    known, seen, waiting = set(tree.paths), set(), [path]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        for include in tree.includes(here):
            roots = (posixpath.dirname(here), *INCLUDE_ROOTS)
            found = (posixpath.normpath(posixpath.join(root, include.target)) for root in roots)
            waiting.extend(name for name in found if name in known)
    return seen
