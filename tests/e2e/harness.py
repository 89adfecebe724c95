"""Runs the real broker for the end-to-end tests: a folder of its own, a free port, started, killed, stopped.

The environment names what was built: MORTISE (the program), MORTISE_PLUGINS (the folder of the plugins).
Nothing outside loopback is spoken to, every wait has an end, and only processes started here are stopped.
"""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import paho.mqtt.client as paho

PROGRAM = os.environ["MORTISE"]
PLUGINS = os.environ["MORTISE_PLUGINS"]
SLOW = float(os.environ.get("MORTISE_TEST_PATIENCE", "1"))  # sanitizer builds are given more time
PATIENCE_S = 20 * SLOW
ROOT = pathlib.Path(__file__).resolve().parents[2]

LOG = "{name: log, library: log, config: {sinks: [{type: file, path: mortise.log, format: text, level: %s%s}]}}"
STORE = "{name: store, library: store-sqlite, config: {path: mortise.db}}"


def free_port():
    """A port that neither the system nor another test gives to somebody while this process lives.

    An abstract socket claims it: the other test processes see that, and it ends with this one. The system gives away ports above 32,767 to whoever binds 0; what it gave us and was closed it may give again before
    a broker has bound it.
    """
    for port in random.SystemRandom().sample(range(20_000, 32_000), 500):
        claim = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError), socket.socket() as probe:
            claim.bind(f"\0mortise-test-port-{port}")
            probe.bind(("127.0.0.1", port))
            claim.detach()  # open until this process ends
            return port
        claim.close()
    raise AssertionError("none of 500 ports is free")


def key_file(path, keys):
    """A file of keys for auth-file, {identity: hex}, that only its owner reads."""
    path.write_text("keys:\n" + "".join(f"  - {{identity: {name}, key: {key}}}\n" for name, key in keys.items()))
    path.chmod(0o600)
    return path


def wait_for(condition, what, seconds=PATIENCE_S):
    """Waits until condition() is true; fails the test with `what` otherwise."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


def configuration(port, plugins, kernel="", listener="anonymous: allow"):
    """A mortise.yaml; `plugins` are flow-style entries, `kernel` and `listener` more of their sections."""
    lines = ["kernel:", "  threads: 1" if "threads" not in kernel else ""]
    lines += [f"  {line}" for line in kernel.splitlines() if line.strip()]
    lines += ["listeners:", f"  - {{name: local, bind: 127.0.0.1:{port}, {listener}}}"]
    if plugins:
        lines += ["plugins:"] + [f"  - {entry}" for entry in plugins]
    return "\n".join(line for line in lines if line) + "\n"


class Broker:
    """One broker on a folder of its own. Restartable on the same folder, port and files."""

    def __init__(self, plugins=(STORE,), kernel="threads: 1", listener="anonymous: allow", log="warning", messages=False,
                 folder=None):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="mortise-e2e-"))
        self.own_folder = folder is None
        self.state = self.folder / "state"
        self.state.mkdir(exist_ok=True)
        self.port = free_port()
        self.plugins, self.listener = list(plugins), listener
        self.log_entry = LOG % (log, ", categories: {messages: info}" if messages else "")
        self.process = None
        self.wrapper = []
        self.configure(kernel)

    @property
    def file(self):
        return self.folder / "mortise.yaml"

    @property
    def log_file(self):
        return self.state / "mortise.log"

    def configure(self, kernel):
        self.file.write_text(configuration(self.port, [self.log_entry, *self.plugins], kernel, self.listener))

    def command(self, verb="run"):
        return [*self.wrapper, PROGRAM, verb, "--config", str(self.file), "--state-dir", str(self.state),
                "--plugin-path", PLUGINS]

    def start(self):
        self.output = open(self.folder / "output", "ab")
        self.process = subprocess.Popen(self.command(), stdout=self.output, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)
        wait_for(lambda: self.accepts() or self.process.poll() is not None, "the broker to accept connections")
        if self.process.poll() is not None:
            raise AssertionError(f"the broker ended with {self.process.returncode}:\n{self.said()}")
        return self

    def accepts(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def said(self):
        return (self.folder / "output").read_text(errors="replace")[-8000:]

    def kill(self):
        """SIGKILL: nothing is flushed, nobody is told."""
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self.output.close()
        self.check_words()

    def stop(self):
        """SIGTERM, and the exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the broker did not stop in time:\n{self.said()}") from None
        self.output.close()
        self.check_words()
        return self.process.returncode

    def check_words(self):
        """Raises when the broker found a fault in itself, or a sanitizer did."""
        said = self.said() + (self.log_file.read_text(errors="replace") if self.log_file.exists() else "")
        for fault in ("the ledger does not balance", "Sanitizer", "runtime error:"):
            if fault in said:
                raise AssertionError(said[-8000:])

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


class BrokerTest(unittest.TestCase):
    """Gives each test brokers that end with it; a failing test shows what they said."""

    def broker(self, start=True, **options):
        broker = Broker(**options)
        self.addCleanup(broker.close)
        self.addCleanup(lambda: self.tell(broker))
        return broker.start() if start else broker

    def tell(self, broker):
        if self.failed():
            print(f"--- the broker said:\n{broker.said()}")
            if broker.log_file.exists():
                print(f"--- its log:\n{broker.log_file.read_text(errors='replace')[-4000:]}")

    def failed(self):
        outcome = getattr(self, "_outcome", None)
        result = getattr(outcome, "result", None)
        return result is not None and any(test is self for test, _ in result.failures + result.errors)

    def client(self, broker, client_id="", clean=True, version=paho.MQTTv311, **properties):
        client = Client(broker.port, client_id, clean, version, **properties)
        self.addCleanup(client.close)
        return client


class Client:
    """A paho client whose callbacks are kept in lists, driven from the test's own thread."""

    def __init__(self, port, client_id="", clean=True, version=paho.MQTTv311, username=None, password=None):
        five = version == paho.MQTTv5
        self.port, self.version, self.clean = port, version, clean
        self.paho = paho.Client(client_id, protocol=version, **({} if five else {"clean_session": clean}))
        self.paho.max_inflight_messages_set(1000)
        if username is not None:
            self.paho.username_pw_set(username, password)
        self.messages, self.acknowledged, self.subscribed = [], set(), {}
        self.connected, self.code, self.session_present, self.disconnected = False, None, None, 0
        self.paho.on_connect = self._on_connect
        self.paho.on_disconnect = self._on_disconnect
        self.paho.on_message = lambda _client, _data, message: self.messages.append(message)
        self.paho.on_publish = lambda _client, _data, mid: self.acknowledged.add(mid)
        self.paho.on_subscribe = lambda _client, _data, mid, codes, *_: self.subscribed.__setitem__(mid, codes)

    def _on_connect(self, _client, _data, flags, code, *_):
        self.code = code.value if hasattr(code, "value") else code
        self.session_present = bool(flags["session present"])
        self.connected = self.code == 0

    def _on_disconnect(self, *_):
        self.connected = False
        self.disconnected += 1

    def connect(self, expect=0, expiry=None, **more):
        """Connects and waits for CONNACK."""
        self.code = None
        if self.version == paho.MQTTv5:
            from paho.mqtt.packettypes import PacketTypes
            from paho.mqtt.properties import Properties
            properties = Properties(PacketTypes.CONNECT)
            if expiry is not None:
                properties.SessionExpiryInterval = expiry
            more.update(clean_start=self.clean, properties=properties)
        self.paho.connect("127.0.0.1", self.port, 60, **more)
        self.run_until(lambda: self.code is not None, "CONNACK")
        assert self.code == expect, f"CONNACK {self.code}, expected {expect}"
        return self

    def step(self, seconds=0.02):
        return self.paho.loop(seconds)

    def run_until(self, condition, what, seconds=PATIENCE_S):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds:.0f} s for {what}")
            self.step()

    def run_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step()

    def publish(self, topic, payload, qos=0, retain=False, wait=True, **more):
        info = self.paho.publish(topic, payload, qos, retain, **more)
        if wait:
            self.run_until(lambda: info.mid in self.acknowledged, f"the acknowledgement of {topic}")
        return info.mid

    def subscribe(self, topic, qos=0):
        _, mid = self.paho.subscribe(topic, qos)
        self.run_until(lambda: mid in self.subscribed, f"SUBACK for {topic}")
        return self.subscribed[mid]

    def payloads(self):
        return [message.payload.decode() for message in self.messages]

    def disconnect(self):
        self.paho.disconnect()
        with contextlib.suppress(Exception):
            self.run_for(0.05)

    def drop(self):
        """The connection ends without DISCONNECT."""
        if self.paho.socket() is not None:
            with contextlib.suppress(OSError):  # the broker may have ended it already
                self.paho.socket().shutdown(socket.SHUT_RDWR)
        self.paho.loop(0.05)

    def close(self):
        with contextlib.suppress(Exception):
            self.paho.disconnect()
            self.paho.loop(0.01)


def mosquitto_pub(broker, *words, **more):
    return subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), *words], check=True,
                          timeout=PATIENCE_S, **more)


def mosquitto_sub(broker, *words):
    """The lines mosquitto_sub prints; -C or -W in `words` bounds it."""
    done = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), *words], timeout=2 * PATIENCE_S,
                          capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


@contextlib.contextmanager
def mosquitto_subscriber(broker, *words):
    """mosquitto_sub in the background, subscribed before the block is entered; yields the process."""
    process = subprocess.Popen(["stdbuf", "-oL", "mosquitto_sub", "-d", "-h", "127.0.0.1", "-p", str(broker.port), *words],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in process.stdout:
            if "received SUBACK" in line:
                break
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE_S)
        process.stdout.close()


def seeded():
    """A source of chance whose seed a failing test shows: MORTISE_TEST_SEED repeats it."""
    seed = int(os.environ.get("MORTISE_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed {seed} (repeat with MORTISE_TEST_SEED={seed})")
    return random.Random(seed)
