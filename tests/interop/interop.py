"""What the interoperability tests stand on: the transports, a client as a program, and the lines it speaks.

A client is a program of its own, in its own language, so that it can be killed like a device that loses power. It is
started in one of two roles with `name=value` words: role (subscribe, publish), port, version (3, 4, 5 as in CONNECT), id,
clean (0, 1), and where they apply path (of a WebSocket), ca, certificate, key, psk_identity, psk (hex), topic, qos, identifier, will_topic, will_payload, will_qos.

  subscribe  prints `subscribed granted=QOS present=0|1` after SUBACK (no `present` where the library does not tell), then
             a message line for each message; sends DISCONNECT and ends with 0 when its standard input ends
  publish    reads message lines, publishes them in that order, and ends with 0 when everything is acknowledged

A message line is `message` and fields: topic, payload, qos, retain, and of MQTT 5.0 type, response, correlation, user
(KEY:VALUE, once for each), expiry, format, identifier (once for each). Numbers are decimal, everything else is hex.
"""

import collections
import dataclasses
import subprocess
import threading
import time

from harness import PATIENCE_S

VERSIONS = {3: "3.1", 4: "3.1.1", 5: "5.0"}  # the protocol level of CONNECT, and what people call it
EXPIRY_S = 3600  # of a persistent session in MQTT 5.0


@dataclasses.dataclass(frozen=True)
class Transport:
    """How a client reaches the broker: what the listener says, and what the client has to know of it."""

    tls: bool = False
    client_certificate: bool = False
    websocket: bool = False
    key: bool = False  # a pre-shared one (PSK) in place of certificates

    def plugins(self, authority):
        """What the broker needs beside its store."""
        return [f"{{name: keys, library: auth-file, config: {{psk: {authority.psk_file}}}}}"] if self.key else []

    def listener(self, authority):
        """The listener's section in flow style."""
        framing = ", transport: websocket, websocket: {path: /mqtt}" if self.websocket else ""
        if self.key:
            return f"anonymous: allow{framing}, tls: {{psk: {{identity: username, hint: interop}}}}"
        if not self.tls:
            return f"anonymous: allow{framing}"
        mutual = f", client_ca: {authority.pem}, verify: required" if self.client_certificate else ""
        certificate, key = authority.server
        return f"anonymous: allow{framing}, tls: {{certificate: {certificate}, key: {key}{mutual}}}"

    def words(self, port, authority):
        """The same for the client's program."""
        words = {"port": port}
        if self.websocket:
            words["path"] = "/mqtt"
        if self.key:
            words["psk_identity"], words["psk"] = authority.psk
        if self.tls:
            words["ca"] = authority.pem
        if self.client_certificate:
            words["certificate"], words["key"] = authority.device
        return words


# One row for each kind of listener; a client names the rows it can use.
TRANSPORTS = {
    "tcp": Transport(),
    "tls": Transport(tls=True),
    "mutual_tls": Transport(tls=True, client_certificate=True),
    "psk": Transport(key=True),
    "websocket": Transport(websocket=True),
    "websocket_tls": Transport(websocket=True, tls=True),
}


@dataclasses.dataclass(frozen=True)
class Message:
    """A PUBLISH as an application sees it. None: not there."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None
    user_properties: tuple = ()
    expiry_s: int | None = None
    payload_format: int | None = None
    subscription_identifiers: tuple = ()


# name in a message line: the member, and how its value is written and read
TEXT = (lambda text: text.encode().hex(), lambda word: bytes.fromhex(word).decode())
BYTES = (bytes.hex, bytes.fromhex)
NUMBER = (lambda number: str(int(number)), int)
FIELDS = {
    "topic": ("topic", *TEXT), "payload": ("payload", *BYTES), "qos": ("qos", *NUMBER),
    "retain": ("retain", NUMBER[0], lambda word: word == "1"),
    "type": ("content_type", *TEXT), "response": ("response_topic", *TEXT), "correlation": ("correlation_data", *BYTES),
    "expiry": ("expiry_s", *NUMBER), "format": ("payload_format", *NUMBER),
    "user": ("user_properties", lambda pair: ":".join(map(TEXT[0], pair)),
             lambda word: tuple(map(TEXT[1], word.split(":")))),
    "identifier": ("subscription_identifiers", *NUMBER),
}
REPEATED = ("user_properties", "subscription_identifiers")


def message_line(message):
    words = ["message"]
    for name, (member, write, _) in FIELDS.items():
        value = getattr(message, member)
        if value is not None:
            words += [f"{name}={write(one)}" for one in (value if member in REPEATED else (value,))]
    return " ".join(words)


def read_message(line):
    members = {}
    for word in line.split()[1:]:
        name, value = word.split("=", 1)
        member, _, read = FIELDS[name]
        if member in REPEATED:
            members[member] = (*members.get(member, ()), read(value))
        else:
            members[member] = read(value)
    return Message(**members)


class Client:
    """A client library under test: the command of its program, and what it can do."""

    correlation_data = b"\x00\x01\xff"  # what it can send
    user_properties = (("b", "1"), ("a", "2"), ("b", "3"), ("ü", ""))  # the same
    more_cases = {}  # its own, as in cases.CASES

    def publishes_will_on_close(self, version):
        """Whether the library asks for its will when it ends in order, as MQTT 5.0 lets it."""
        return False

    def __init__(self, command, versions, transports):
        self.command, self.versions, self.transports = command, versions, transports

    def check(self):
        """Raises when the client is not there, saying how it gets there; SkipTest where the test may do without."""

    def begin(self, authority):
        """Once, before the first test; finish() follows the last one."""

    def finish(self):
        """What begin() has begun."""

    def subscriber(self, words):
        """Subscribed when it returns."""
        return Subscriber(self.program("subscribe", words)).wait_for_subscription()

    def publish(self, words, messages):
        """Returns when everything is acknowledged."""
        lines = "".join(message_line(message) + "\n" for message in messages)
        run(self.program("publish", words), lines.encode())

    def program(self, role, words):
        return [*self.command, f"role={role}", *(f"{name}={value}" for name, value in words.items())]


def run(command, stdin):
    """What the program printed, when it ends with 0 and in time."""
    try:
        done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=3 * PATIENCE_S,
                              check=False)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"{shown(command)} did not end: {(late.output or b'')[-2000:]}") from None
    if done.returncode != 0:
        raise AssertionError(f"{shown(command)} ended with {done.returncode}:\n{done.stdout[-2000:].decode(errors='replace')}")
    return done.stdout


def shown(command):
    return " ".join(map(str, command))


class Subscriber:
    """A subscribing program and what it has printed. A thread of its own reads, so that the program never waits."""

    def __init__(self, command):
        self.command = command
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.changed = threading.Condition()
        self.messages, self.granted, self.present, self.ended = collections.deque(), None, None, False
        self.other_lines = collections.deque(maxlen=40)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.on_line(line.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def on_line(self, line):
        word = line.split(" ", 1)[0]
        if word == "message":
            self.messages.append(read_message(line))
        elif word == "subscribed":
            fields = dict(field.split("=") for field in line.split()[1:])
            self.granted = int(fields["granted"])
            self.present = fields["present"] == "1" if "present" in fields else None
        else:
            self.other_lines.append(line)

    def _wait(self, condition, what):
        end = time.monotonic() + 2 * PATIENCE_S
        with self.changed:
            while not condition():
                left = end - time.monotonic()
                if self.ended or left <= 0:
                    said = "\n".join(self.other_lines)
                    raise AssertionError(f"{shown(self.command)}\n{'ended' if self.ended else 'waited'} without {what}; "
                                         f"it said:\n{said}")
                self.changed.wait(left)

    def wait_for_subscription(self):
        try:
            self._wait(lambda: self.granted is not None, "SUBACK")
        except AssertionError:
            self.kill()
            raise
        return self

    def receive(self, count):
        """The next `count` messages, in their order."""
        self._wait(lambda: len(self.messages) >= count, f"{count} messages; {len(self.messages)} came")
        with self.changed:
            return [self.messages.popleft() for _ in range(count)]

    def kill(self):
        """The process is gone without a word to the broker."""
        if self.process.poll() is None:
            self.process.kill()
        self._collect()

    def close(self):
        """DISCONNECT, and the program's end."""
        self.ask_to_end()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{shown(self.command)} did not end") from None
        code = self.process.returncode
        self._collect()
        if code != 0:
            raise AssertionError(f"{shown(self.command)} ended with {code}:\n" + "\n".join(self.other_lines))

    def ask_to_end(self):
        self.process.stdin.close()

    def _collect(self):
        self.process.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)
        self.process.stdin.close()
        self.process.stdout.close()
