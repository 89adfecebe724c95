"""The source tree as the house rules see it: what git would commit, read once."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

CODE = {".hpp", ".cpp", ".h", ".c"}


@dataclass(frozen=True, order=True)
class Violation:
    """One broken rule at one place; `text` says what is wrong and what to do."""

    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Include:
    line: int
    target: str
    quoted: bool


class Tree:
    """Every file git tracks, or would track, under `root`. Paths are relative, with forward slashes."""

    def __init__(self, root):
        self.root = Path(root)
        # A checkout owned by another user, as in some CI, is still ours to read.
        git = ["git", "-c", f"safe.directory={self.root.resolve()}"]
        listed = subprocess.run([*git, "ls-files", "-co", "--exclude-standard", "-z"],
                                cwd=self.root, check=True, capture_output=True, timeout=60)
        names = set(listed.stdout.decode().split("\0"))
        self.paths = sorted(name for name in names if name and (self.root / name).is_file())
        self._texts = {}
        self._includes = {}

    def text(self, path):
        """The file's text; a file that is not UTF-8 reads as empty, because no rule here is about bytes."""
        if path not in self._texts:
            try:
                self._texts[path] = (self.root / path).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                self._texts[path] = ""
        return self._texts[path]

    def under(self, folder, suffixes=CODE):
        """The paths below `folder` with one of `suffixes`."""
        return [path for path in self.paths
                if path.startswith(folder + "/") and PurePosixPath(path).suffix in suffixes]

    def includes(self, path):
        """The include lines that are not in comments."""
        if path not in self._includes:
            self._includes[path] = list(self._read_includes(path))
        return self._includes[path]

    def _read_includes(self, path):
        for number, line in enumerate(without_comments(self.text(path)).split("\n"), 1):
            match = re.match(r'\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")', line)
            if match:
                yield Include(number, match[1] or match[2], match[2] is not None)


# A raw string, a comment, a string or a character literal; a digit separator is not the start of one.
_TOKEN = re.compile(
    r'(?P<raw>R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)")'
    r"|(?P<comment>//[^\n]*|/\*.*?\*/)"
    r'|(?P<literal>"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])+\')',
    re.DOTALL)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    """C or C++ text with comments blanked; lines and columns stay."""
    return _TOKEN.sub(lambda match: _blank(match[0]) if match["comment"] else match[0], text)


def code_only(text):
    """C or C++ text with comments and what stands inside literals blanked; lines and columns stay."""
    return _TOKEN.sub(lambda match: _blank(match[0]), text)
