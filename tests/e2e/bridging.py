"""What the tests of bridge-mqtt have in common: a broker with links, its log, and who is at the other end."""

import contextlib
import json
import os
import select
import socket
import subprocess
import threading

import harness
import mosquitto
from harness import STORE, BrokerTest, free_port, wait_for

MOSQUITTO = os.environ.get("MORTISE_MOSQUITTO", ".build/mosquitto")


def bridge(*links):
    return "{name: bridge, library: bridge-mqtt, config: {links: [" + ", ".join(links) + "]}}"


def link(port, name="up", out="[{topics: ['#'], local_prefix: 'o/', qos: 2}]",
         into="[{topics: ['#'], remote_prefix: 'i/', qos: 2}]", more=""):
    routes = "".join(f", {key}: {value}" for key, value in (("out", out), ("in", into)) if value)
    ports = port if isinstance(port, (list, tuple)) else [port]
    addresses = ", ".join(f"'127.0.0.1:{one}'" for one in ports)
    return (f"{{name: {name}, addresses: [{addresses}], client_id: edge-{name}, "
            f"reconnect: {{first: 50ms, longest: 500ms}}{routes}{', ' if more else ''}{more}}}")


TO_REMOTE, FROM_REMOTE = "to the remote", "from the remote"


def packet_types(data):
    """The types of the whole MQTT packets in what was sent; half of one at the end is none."""
    types, at = [], 0
    while at + 2 <= len(data):
        size, shift, after = 0, 0, at + 1
        while after < len(data):
            size |= (data[after] & 0x7F) << shift
            after, shift = after + 1, shift + 7
            if data[after - 1] < 0x80:
                break
        if data[after - 1] >= 0x80 or after + size > len(data):
            break
        types.append(data[at] >> 4)
        at = after + size
    return types


class Line(threading.Thread):
    """One connection through a Cutter."""

    def __init__(self, near, far, cutter):
        super().__init__()
        self.near, self.far, self.cutter = near, far, cutter
        self.passed = {TO_REMOTE: bytearray(), FROM_REMOTE: bytearray()}
        self.is_dead = False

    def run(self):
        with self.near, self.far, contextlib.suppress(OSError):
            while True:
                for source in select.select([self.near, self.far], [], [])[0]:
                    direction, to = (TO_REMOTE, self.far) if source is self.near else (FROM_REMOTE, self.near)
                    data = source.recv(65536)
                    if not data:
                        return
                    if self.is_dead:
                        continue
                    room = self.cutter.room(direction, len(self.passed[direction]))
                    if room is None:
                        to.sendall(data)
                        self.passed[direction] += data
                        continue
                    to.sendall(data[:room])
                    self.passed[direction] += data[:room]
                    if len(data) >= room:
                        return self.cut(source, to)

    def cut(self, source, to):
        """Who was sent the last byte gets it and the end behind it: a reset could overtake it. His answer is lost."""
        source.close()
        to.shutdown(socket.SHUT_WR)
        self.cutter.count_cut()
        to.settimeout(harness.PATIENCE_S)
        while to.recv(65536):
            pass

    def end(self):
        with contextlib.suppress(OSError):
            self.near.shutdown(socket.SHUT_RDWR)


class Cutter:
    """A line to a broker on this machine that is cut after so many bytes of one direction, held up, or goes dead."""

    def __init__(self, port):
        self.to, self.changed = port, threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lines, self.cuts, self.wanted = [], 0, None
        self.held, self.closed = False, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            with self.changed:
                self.changed.wait_for(lambda: not self.held or self.closed)
                if self.closed:
                    return near.close()
                try:
                    far = socket.create_connection(("127.0.0.1", self.to))
                except OSError:
                    near.close()
                    continue
                self.lines.append(Line(near, far, self))
                self.lines[-1].start()

    def hold(self):
        """Ends the line; the next one gets no further than here."""
        with self.changed:
            self.held = True
            lines = list(self.lines)
        for line in lines:
            line.end()
            line.join()

    def let(self, direction=None, count=0):
        """Lets lines through; one that `direction` is given for is cut there after so many bytes, and no other."""
        with self.changed:
            self.lines, self.held = [], False
            self.wanted = (direction, count) if direction else None
            self.changed.notify_all()

    def go_dead(self):
        """The lines there are stay open and carry nothing any more."""
        for line in self.lines:
            line.is_dead = True

    def room(self, direction, passed):
        """How many bytes may still pass; None: any."""
        wanted = self.wanted
        return None if wanted is None or wanted[0] != direction else max(0, wanted[1] - passed)

    def count_cut(self):
        self.wanted, self.cuts = None, self.cuts + 1

    def passed(self, direction):
        """The types of the packets that have passed since let(), in all lines."""
        return [kind for line in list(self.lines) for kind in packet_types(bytes(line.passed[direction]))]

    def close(self):
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(harness.PATIENCE_S)
        self.hold()


class BridgeTest(BrokerTest):
    def cutter(self, broker):
        cutter = Cutter(broker.port)
        self.addCleanup(cutter.close)
        return cutter

    def edge(self, *links, start=True, **options):
        """A broker with these links; its log is at info and for machines."""
        edge = self.broker(start=False, plugins=(STORE, bridge(*links)), **options)
        return self.logging(edge) if not start else self.logging(edge).start()

    def logging(self, edge):
        edge.log_entry = (harness.LOG % ("info", "")).replace("format: text", "format: json")
        edge.configure("threads: 1")
        return edge

    def mosquitto(self, **options):
        remote = mosquitto.Mosquitto(mosquitto.fetched(MOSQUITTO), free_port(), **options)
        self.addCleanup(remote.close)
        self.addCleanup(lambda: self.failed() and print(f"--- Mosquitto said:\n{remote.said()[-6000:]}"))
        return remote.start()

    def log(self, edge):
        """The lines of its log; the last may be half written."""
        lines = []
        for line in edge.log_file.read_text(errors="replace").splitlines() if edge.log_file.exists() else []:
            with contextlib.suppress(ValueError):
                lines.append(json.loads(line))
        return lines

    def count(self, edge, event, *words):
        return sum(line["event"] == event and all(word in json.dumps(line) for word in words) for line in self.log(edge))

    def subscribed(self, remote):
        """Waits until a remote Mortise has the subscription of the link; the link says before that it has connected."""
        asked = [harness.PROGRAM, "ctl", "--state-dir", str(remote.state), "subscriptions", "edge-up"]
        wait_for(lambda: "i/#" in subprocess.run(asked, capture_output=True, text=True, timeout=harness.PATIENCE_S).stdout,
                 "the link's subscription")

    def connected(self, edge, count=1, name="up"):
        """Waits until a link has connected so many times."""
        wait_for(lambda: self.count(edge, "bridge.connected", f'"{name}"') >= count, f"connection {count} of link {name}")

    def logged(self, edge, event, *words, count=1):
        wait_for(lambda: self.count(edge, event, *words) >= count, f"a log line {event} with {words}")

    def state(self, edge, name="up"):
        """The retained state of a link."""
        reader = self.client(edge)
        reader.connect()
        reader.subscribe(f"$SYS/broker/bridge/bridge/{name}")
        reader.run_until(lambda: reader.messages, "the state of the link")
        state = json.loads(reader.messages[0].payload)
        reader.disconnect()
        return state

    def states(self, edge):
        """The retained states of all links."""
        reader = self.client(edge)
        reader.connect()
        reader.subscribe("$SYS/broker/bridge/bridge/+")
        reader.publish("behind", "them", 1)
        reader.disconnect()
        return [message for message in reader.messages if message.retain]

    def collector(self, broker, topic, qos=2, client_id="collector"):
        """A persistent subscriber."""
        client = self.client(broker, client_id, clean=False)
        client.connect()
        client.subscribe(topic, qos)
        return client
