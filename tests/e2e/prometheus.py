"""Debian's Prometheus as the one that scrapes: the package, unpacked and not installed.

As a program it fetches the package: prometheus.py FOLDER.
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
from brokers import library_folders, unpacked  # noqa: E402


def fetched(folder):
    """Where the package lies unpacked; fetches it if it is not there."""
    return unpacked("prometheus", "usr/bin/prometheus", pathlib.Path(folder))


def environment(root):
    return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(map(str, library_folders(root)))}


def lint(root, text):
    """What promtool has to say against a text of metrics; empty when it is as it should be."""
    done = subprocess.run([root / "usr/bin/promtool", "check", "metrics"], input=text, text=True, capture_output=True,
                          timeout=60, check=False, env=environment(root))
    return "" if done.returncode == 0 else done.stdout + done.stderr or f"promtool ended with {done.returncode}"


class Prometheus:
    """One server on a folder of its own that scrapes one port on loopback, and nothing else."""

    def __init__(self, root, port, target):
        self.root, self.port = pathlib.Path(root).resolve(), port
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mortise-prometheus-"))
        from harness import SLOW
        between = max(1, int(SLOW))
        (self.folder / "prometheus.yml").write_text(
            f"global: {{scrape_interval: {between}s, scrape_timeout: {between}s}}\n"
            "scrape_configs:\n"
            f"  - {{job_name: mortise, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}\n")
        self.process = None

    def start(self):
        from harness import wait_for
        self.output = open(self.folder / "output", "ab")
        self.process = subprocess.Popen(
            [self.root / "usr/bin/prometheus", f"--config.file={self.folder / 'prometheus.yml'}",
             f"--storage.tsdb.path={self.folder / 'data'}", f"--web.listen-address=127.0.0.1:{self.port}"],
            cwd=self.folder, env=environment(self.root), stdout=self.output, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL)
        wait_for(lambda: self.is_ready() or self.process.poll() is not None, "Prometheus to be ready")
        if self.process.poll() is not None:
            raise AssertionError(f"Prometheus ended with {self.process.returncode}:\n{self.said()}")
        return self

    def get(self, path, **query):
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(query)}"
        from harness import PATIENCE_S
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return answer.read().decode()

    def is_ready(self):
        with contextlib.suppress(OSError, urllib.error.URLError):
            self.get("/-/ready")
            return True
        return False

    def query(self, expression):
        """The series an expression gives at present: [({label: value}, number)]."""
        answer = json.loads(self.get("/api/v1/query", query=expression))
        return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]

    def metadata(self):
        """What it knows of the metrics: {name: (type, help)}."""
        answer = json.loads(self.get("/api/v1/metadata"))
        return {name: (one[0]["type"], one[0]["help"]) for name, one in answer["data"].items()}

    def said(self):
        return (self.folder / "output").read_text(errors="replace")

    def close(self):
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(20)
            self.output.close()
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    try:
        print(fetched(sys.argv[1]))
    except RuntimeError as problem:
        sys.exit(f"prometheus.py: {problem}")
