"""bridge-mqtt and remotes that do what no broker should: send what is wrong, too much, or nothing for long.

They are sockets of this test. A remote that is wrong is told why and left; it does no harm to anybody here.
"""

import contextlib
import pathlib
import socket
import struct
import threading
import time
import unittest

import harness
from bridging import BridgeTest, link
from certificates import Authority
from harness import wait_for

CONNACK = b"\x20\x03\x00\x00\x00"


class Impostor:
    """What says it is a broker: accepts connections, answers CONNECT, then does what the test says."""

    def __init__(self, after_connack, greets=True):
        """Without `greets` it is the test that answers CONNECT, if anybody does."""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.2)
        self.port = self.listener.getsockname()[1]
        self.after, self.greets, self.heard, self.connections = after_connack, greets, [], 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stop.is_set():
            with contextlib.suppress(socket.timeout):
                connection, _ = self.listener.accept()
                self.connections += 1
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(5)
                    if self.greets:
                        connection.recv(4096)
                        connection.sendall(CONNACK)
                    self.after(self, connection)

    def hear(self, connection, seconds=5):
        """All that comes until the end."""
        heard, end = b"", time.monotonic() + seconds
        with contextlib.suppress(OSError):
            while time.monotonic() < end:
                data = connection.recv(65536)
                if not data:
                    break
                heard += data
        self.heard.append(heard)
        return heard

    def close(self):
        self.stop.set()
        self.thread.join(20)
        self.listener.close()


class Impostors(BridgeTest):
    def impostor(self, after, greets=True):
        remote = Impostor(after, greets)
        self.addCleanup(remote.close)
        return remote

    def test_what_no_server_may_send_ends_the_connection_with_its_reason(self):
        rows = {
            "garbage": (b"\xff" * 64, 0x81, "no MQTT"),
            "a_subscribe": (b"\x82\x08\x00\x01\x00\x00\x02a/\x00", 0x82, "only a client sends"),
            "a_connect": (b"\x10\x0f\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x02ab", 0x82, "only a client sends"),
            "a_second_connack": (CONNACK, 0x82, "second CONNACK"),
            "a_topic_alias": (b"\x30\x08\x00\x01a\x03\x23\x00\x01x", 0x94, "topic alias"),
            "a_wildcard_topic": (b"\x30\x05\x00\x01#\x00x", 0x82, "malformed"),
            "reserved_flags": (b"\x41\x02\x00\x01", 0x81, "malformed"),
            "too_large": (b"\x30\xff\xff\xff\x7f", 0x95, "raise packet_size"),
        }
        counted = {0x81: "malformed packet", 0x82: "protocol error", 0x94: "topic alias invalid", 0x95: "packet too large"}
        for name, (packet, reason, words) in rows.items():
            with self.subTest(name):
                remote = self.impostor(lambda self, connection, packet=packet: (connection.sendall(packet), self.hear(connection)))
                edge = self.edge(link(remote.port, into=None))
                self.logged(edge, "bridge.lost", words)
                wait_for(lambda: any(bytes([0xE0]) in heard and heard[heard.rindex(b"\xe0") + 2] == reason
                                     for heard in remote.heard), f"DISCONNECT with {reason:#x}")
                publisher = self.client(edge)
                publisher.connect()
                publisher.publish("here", "x", 1)  # nobody here minds
                refused = lambda: self.state(edge)["refused"].get("remote sent: " + counted[reason], 0)
                wait_for(lambda: refused() >= 1, "what was wrong to be counted")
                if reason in (0x81, 0x82):
                    self.logged(edge, "bridge.lost", words, "is it an MQTT 5.0 broker?")
                self.assertEqual(edge.stop(), 0)

    def test_more_than_the_receive_maximum_ends_the_connection_and_harms_nobody(self):
        def publish(qos, packet_id):
            return bytes([0x30 | qos << 1, 8, 0, 3]) + b"i/a" + struct.pack(">H", packet_id) + b"\x00"

        for name, qos in (("qos_1_beyond_it", 1), ("qos_2_that_is_never_released", 2)):
            with self.subTest(name):
                flood = b"".join(publish(qos, packet_id) for packet_id in range(1, 65))
                remote = self.impostor(lambda self, connection, flood=flood: (connection.sendall(flood), self.hear(connection)))
                edge = self.edge(link(remote.port, out=None, into="[{topics: ['#'], remote_prefix: i/, qos: 2}]", more="inflight: 5"))
                wait_for(lambda: any(heard.endswith(b"\xe0\x02\x93\x00") or heard.endswith(b"\xe0\x01\x93")
                                     for heard in remote.heard), "DISCONNECT with 0x93")
                self.logged(edge, "bridge.lost", "receive maximum", "does not keep to MQTT 5.0")
                refused = lambda: self.state(edge)["refused"].get("remote sent: receive maximum exceeded", 0)
                wait_for(lambda: refused() >= 1, "it to be counted")
                client = self.collector(edge, "here", 1)
                client.publish("here", "x", 1)
                client.run_until(lambda: client.messages, "a local message")
                self.assertEqual(edge.stop(), 0)

    def test_an_end_is_counted_as_a_refusal_where_it_is_one(self):
        for reason, refused in ((0x87, {"connection: not authorized"}), (0x98, set())):  # by an operator's will: it is none
            with self.subTest(hex(reason)):
                end = bytes([0xE0, 1, reason])
                remote = self.impostor(lambda self, connection, end=end: (connection.sendall(end), self.hear(connection)))
                edge = self.edge(link(remote.port, into=None))
                self.logged(edge, "bridge.lost", "the remote ended the connection")
                wait_for(lambda: self.state(edge)["failures"] >= 2, "two of them to be counted")
                self.assertEqual({*self.state(edge)["refused"]}, refused)
                self.assertEqual(edge.stop(), 0)

    def test_a_remote_whose_quota_is_exceeded_is_counted_and_stays(self):
        taken = []

        def refuse(remote, connection):
            data = b""
            while not remote.stop.is_set():
                with contextlib.suppress(socket.timeout):
                    more = connection.recv(65536)
                    if not more:
                        return
                    data += more
                while len(data) >= 2 and len(data) >= 2 + data[1]:
                    packet, data = data[:2 + data[1]], data[2 + data[1]:]
                    if packet[0] == 0xC0:
                        connection.sendall(b"\xd0\x00")
                    if packet[0] & 0xF0 == 0x30:
                        topic = struct.unpack(">H", packet[2:4])[0]
                        taken.append(packet[-2:])
                        connection.sendall(b"\x40\x03" + packet[4 + topic:6 + topic] + (b"\x97" if len(taken) % 2 else b"\x00"))

        remote = self.impostor(refuse)
        edge = self.edge(link(remote.port, out="[{topics: ['#'], local_prefix: o/, qos: 1}]", into=None, more="inflight: 2"))
        self.connected(edge)
        publisher = self.client(edge).connect()
        for number in range(20):
            publisher.publish("o/n", f"{number:02}", 1)
        wait_for(lambda: self.state(edge)["refused"].get("remote: quota exceeded") == 10, "what is refused to be counted")
        wait_for(lambda: self.state(edge)["acknowledged"] == 10, "the others")
        self.assertEqual(taken, [f"{number:02}".encode() for number in range(20)], "each once, refused or not")
        self.assertEqual(remote.connections, 1)
        self.assertEqual(self.state(edge)["state"], "connected")

    def test_a_line_that_went_dead_is_given_up_after_keep_alive(self):
        remote = self.mosquitto()
        cutter = self.cutter(remote)
        edge = self.edge(link(cutter.port, into=None, more=f"keep_alive: {harness.SLOW:.0f}s"))
        self.connected(edge)
        there = self.collector(remote, "n")
        lost, connected = self.count(edge, "bridge.lost"), self.count(edge, "bridge.connected")
        cutter.go_dead()
        publisher = self.client(edge).connect()
        publisher.publish("o/n", "on a dead line", 2)
        wait_for(lambda: self.count(edge, "bridge.lost", "nothing came from the remote within keep_alive") > lost, "the line to be given up")
        self.connected(edge, connected + 1)
        there.run_until(lambda: there.messages, "the message by another line")
        self.assertEqual(there.payloads(), ["on a dead line"])

    def test_a_flood_is_read_no_faster_than_the_broker_takes_it(self):
        publish = b"\x30\x07\x00\x02i/\x00xx"

        def flood(remote, connection):
            connection.settimeout(20)
            sent, end = 0, time.monotonic() + 3
            while time.monotonic() < end:
                connection.sendall(publish * 1000)
                sent += 1000
            remote.sent = sent
            remote.hear(connection, 1)

        remote = self.impostor(flood)
        edge = self.edge(link(remote.port, out=None, into="[{topics: ['#'], remote_prefix: i/, local_prefix: f/}]"))
        self.connected(edge)
        publisher = self.client(edge)
        publisher.connect()
        for _ in range(20):  # local traffic has its share
            publisher.publish("here", "x", 1)
        wait_for(lambda: hasattr(remote, "sent"), "the end of the flood")
        kib = int(next(line for line in pathlib.Path(f"/proc/{edge.process.pid}/status").read_text().splitlines()
                       if line.startswith("VmRSS")).split()[1])
        print(f"{remote.sent} messages of a flood; resident {kib} KiB")
        if harness.SLOW == 1:  # a sanitizer keeps what was freed
            self.assertLess(kib, 100_000)

    def test_a_remote_that_accepts_slowly_gets_everything(self):
        taken = []

        def slowly(remote, connection):
            """Reads a little at a time and acknowledges each message after a while."""
            data = b""
            while not remote.stop.is_set() and len(taken) < 40:
                time.sleep(0.01)
                data += connection.recv(64)
                while len(data) >= 2 and len(data) >= 2 + data[1]:
                    packet, data = data[:2 + data[1]], data[2 + data[1]:]
                    if packet[0] & 0xF0 == 0x30:
                        topic = struct.unpack(">H", packet[2:4])[0]
                        packet_id = packet[4 + topic:6 + topic]
                        taken.append(packet[-2:])
                        connection.sendall(b"\x40\x02" + packet_id)
            remote.hear(connection, 1)

        remote = self.impostor(slowly)
        edge = self.edge(link(remote.port, out="[{topics: ['#'], local_prefix: o/, qos: 1}]", into=None, more="inflight: 5"))
        self.connected(edge)
        publisher = self.client(edge)
        publisher.connect()
        for number in range(40):
            publisher.publish("o/n", f"{number:02}", 1)
        wait_for(lambda: len(taken) >= 40, "all of them")
        self.assertEqual(list(dict.fromkeys(taken)), [f"{number:02}".encode() for number in range(40)])

    def test_a_first_address_that_only_accepts_costs_the_working_link_less_and_less(self):
        first, second = self.impostor(lambda remote, connection: None, greets=False), self.broker()
        began = time.monotonic()
        edge = self.edge(link([first.port, second.port], into=None, more="return_after: 1s"))
        there = self.collector(second, "n")
        publisher = self.client(edge).connect()
        sent, returns, end = 0, 0, time.monotonic() + 3 * harness.PATIENCE_S
        while returns < 3 and time.monotonic() < end:
            publisher.publish("o/n", str(sent), 2)
            sent += 1
            there.step()
            returns = self.count(edge, "bridge.returns")
        self.assertGreaterEqual(returns, 3)
        # After 1 s, 2 s, 4 s: however slow the machine is, not sooner.
        self.assertGreaterEqual(time.monotonic() - began, 2 ** returns - 1)
        there.run_until(lambda: len(there.messages) >= sent, "all that was published")
        self.assertEqual(there.payloads(), [str(number) for number in range(sent)])
        self.connected(edge, returns + 1)

    def test_a_first_address_that_does_not_speak_tls_is_not_returned_to(self):
        folder = pathlib.Path(harness.tempfile.mkdtemp(prefix="mortise-e2e-"))
        self.addCleanup(harness.shutil.rmtree, folder, True)
        authority = Authority(folder)
        server, key = authority.issue("server", "remote")
        silence = lambda remote, connection: remote.hear(connection, harness.PATIENCE_S)
        for does, after in (("ends", lambda remote, connection: None), ("is silent", silence)):
            with self.subTest(does):
                first = self.impostor(after, greets=False)
                second = self.mosquitto(listener=[f"certfile {server}", f"keyfile {key}", "allow_anonymous true"])
                more = f"return_after: 1s, connect_timeout: {harness.SLOW:.0f}s, tls: {{ca: {authority.pem}}}"
                edge = self.edge(link([first.port, second.port], into=None, more=more))
                self.connected(edge)
                seen = first.connections
                wait_for(lambda: first.connections >= seen + 3, "the first address to be tried")
                self.assertEqual(self.count(edge, "bridge.returns"), 0)
                self.assertEqual(self.count(edge, "bridge.connected"), 1)
                edge.stop()


if __name__ == "__main__":
    unittest.main()
