"""Debian's Mosquitto as the broker at the other end: the package, unpacked and not installed.

As a program it fetches the package: mosquitto.py FOLDER.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
from brokers import library_folders, unpacked_mosquitto  # noqa: E402


class Mosquitto:
    """One Mosquitto on a folder of its own. Restartable on the same folder and port."""

    def __init__(self, root, port, lines=(), listener=("allow_anonymous true",)):
        self.root, self.port = pathlib.Path(root), port
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mortise-mosquitto-"))
        self.process = None
        self.configure(lines, listener)

    def configure(self, lines=(), listener=("allow_anonymous true",)):
        text = ["per_listener_settings false", f"listener {self.port} 127.0.0.1", *listener, "persistence true",
                f"persistence_location {self.folder}/", "autosave_interval 1", "autosave_on_changes true",
                "max_queued_messages 0", "max_inflight_messages 100", "log_dest stderr", "log_type all", *lines]
        if os.geteuid() == 0:
            text.append("user root")
        (self.folder / "mosquitto.conf").write_text("\n".join(text) + "\n")

    def start(self):
        from harness import wait_for
        self.output = open(self.folder / "output", "ab")
        environment = {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(map(str, library_folders(self.root)))}
        self.process = subprocess.Popen([self.root / "usr/sbin/mosquitto", "-c", self.folder / "mosquitto.conf"],
                                        env=environment, stdout=self.output, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)
        wait_for(lambda: self.accepts() or self.process.poll() is not None, "Mosquitto to accept connections")
        if self.process.poll() is not None:
            raise AssertionError(f"Mosquitto ended with {self.process.returncode}:\n{self.said()}")
        return self

    def accepts(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def said(self):
        return (self.folder / "output").read_text(errors="replace")

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def kill(self):
        self.process.kill()
        self.process.wait(20)
        self.output.close()

    def stop(self):
        """In good order: it writes its store."""
        self.process.terminate()
        self.process.wait(20)
        self.output.close()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def passwords(folder, path, **users):
    """A password file, made by Mosquitto's own program."""
    root = fetched(folder)
    environment = {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(map(str, library_folders(root)))}
    path.write_text("")
    for name, password in users.items():
        subprocess.run([root / "usr/bin/mosquitto_passwd", "-b", path, name, password], check=True, timeout=20,
                       env=environment)


def fetched(folder):
    """Where the package lies unpacked; fetches it if it is not there."""
    return unpacked_mosquitto(pathlib.Path(folder))


if __name__ == "__main__":
    try:
        print(fetched(sys.argv[1]))
    except RuntimeError as problem:
        sys.exit(f"mosquitto.py: {problem}")
