"""The brokers that are compared: how each is set up in a folder of its own, started on a free port and stopped."""

import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 20
STOP_SECONDS = 20
LIBRARY_ROUNDS = 8  # libraries of libraries of libraries; then something else is wrong


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def raise_file_limit():
    """As many open files as the system lets us have, for us and for what we start. Returns the number."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Broker:
    """One broker; `prepare` writes what it needs into `folder` and returns its command line."""

    environment = {}

    def prepare(self, folder, port):
        raise NotImplementedError


class Forwarder(Broker):
    def __init__(self, build):
        self.program = build / "tests/bench/forwarder"

    def prepare(self, folder, port):
        return [self.program, str(port)]


class Mosquitto(Broker):
    """The distribution's package, unpacked and not installed."""

    def __init__(self, root, persistent=False):
        self.root = root
        self.persistent = persistent
        self.environment = {"LD_LIBRARY_PATH": os.pathsep.join(map(str, library_folders(root)))}

    def prepare(self, folder, port):
        lines = [
            f"listener {port} 127.0.0.1",
            "allow_anonymous true",
            "set_tcp_nodelay true",
            "max_inflight_messages 10000",
            "max_queued_messages 0",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            f"persistence {'true' if self.persistent else 'false'}",
            f"persistence_location {folder}/",
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # else it gives up the right to write into this folder
        config = folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        return [self.root / "usr/sbin/mosquitto", "-c", str(config)]


class Mortise(Broker):
    """`shipped` adds what config/mortise.yaml has: log, store-sqlite, auth-file; no line for each message."""

    PLUGINS = """\
plugins:
  - name: log
    library: log
    config: {{sinks: [{{type: console, format: text, level: warning}}]}}
  - name: store
    library: store-sqlite
    config: {{path: {folder}/mortise.db}}
  - name: users
    library: auth-file
    config: {{users: {config}/users.yaml, access: {config}/access.yaml}}
"""

    def __init__(self, build, shipped):
        self.build = build
        self.shipped = shipped

    def prepare(self, folder, port):
        text = f"listeners:\n  - {{name: bench, bind: '127.0.0.1:{port}', anonymous: allow}}\n"
        if self.shipped:
            text += self.PLUGINS.format(folder=folder, config=SOURCE / "config")
        config = folder / "mortise.yaml"
        config.write_text(text)
        return [self.build / "kernel/app/mortise", "run", "--config", str(config), "--state-dir", str(folder),
                "--plugin-path", str(self.build / "plugins")]


class Running:
    """A started broker; leaving the `with` block ends its process, and only that one."""

    def __init__(self, broker, folder):
        self.port = free_port()
        self.log = open(folder / "log", "ab")
        self.process = subprocess.Popen(
            list(map(str, broker.prepare(folder, self.port))), env={**os.environ, **broker.environment}, cwd=folder,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.log_path = folder / "log"

    def __enter__(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.005)
        self.__exit__()
        raise RuntimeError(f"it did not open port {self.port}:\n{self.log_path.read_text(errors='replace')}")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


# --- the distribution's Mosquitto ------------------------------------------------------------------------------------


def library_folders(root):
    triplet = f"{os.uname().machine}-linux-gnu"
    return [root / "usr/lib" / triplet, root / "lib" / triplet]


def package_of(soname):
    """Debian's name for a shared library's package: libdlt.so.2 is in libdlt2 (Policy 8.1)."""
    name, version = re.fullmatch(r"(.+)\.so\.(\d+)", soname).groups()
    return f"{name}-{version}" if name[-1].isdigit() else name + version


def unpack(package, folder, root):
    done = subprocess.run(["apt-get", "download", package], cwd=folder, capture_output=True, text=True, check=False)
    found = sorted(folder.glob(f"{package}_*.deb"))
    if done.returncode != 0 or not found:
        raise RuntimeError(f"apt-get download {package}: {done.stderr.strip()}; apt-get update may help")
    subprocess.run(["dpkg-deb", "-x", found[-1], root], check=True)


def unpacked_mosquitto(folder):
    return unpacked("mosquitto", "usr/sbin/mosquitto", folder)


def unpacked(package, path, folder):
    """The folder under which a package of Debian lies, with the libraries this machine has not got for its `path`."""
    root = folder / "root"
    folder.mkdir(parents=True, exist_ok=True)
    program = root / path
    if not program.exists():
        unpack(package, folder, root)
    environment = {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(map(str, library_folders(root)))}
    for _ in range(LIBRARY_ROUNDS):
        listing = subprocess.run(["ldd", program], env=environment, capture_output=True, text=True, check=True).stdout
        missing = re.findall(r"(\S+) => not found", listing)
        if not missing:
            return root
        for soname in missing:
            unpack(package_of(soname), folder, root)
    raise RuntimeError(f"{package} still misses {', '.join(missing)}")
