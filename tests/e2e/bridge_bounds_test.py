"""bridge-mqtt and what its settings say: how much may wait for a remote that is away, how old it may become, how fast it goes
out when the remote is back; which session it asks for, what stays retained, and 3.1.1 through TLS.

What is beyond a bound is counted by the broker, by reason.
"""

import json
import pathlib
import re
import signal
import time
import unittest
import urllib.request

import harness
from bridging import BridgeTest, bridge, link
from certificates import Authority
from harness import STORE, free_port, wait_for


class Bounds(BridgeTest):
    def away(self, more):
        """A remote that is away, an edge with a link to it, and who collects there."""
        remote = self.mosquitto()
        there = self.collector(remote, "n", 1)
        there.disconnect()
        remote.stop()
        edge = self.edge(link(remote.port, out="[{topics: ['#'], local_prefix: 'o/', qos: 1}]", into=None, more=more), start=False)
        self.metrics_port = free_port()
        edge.plugins.append(f"{{name: metrics, library: metrics-prometheus, config: {{bind: '127.0.0.1:{self.metrics_port}'}}}}")
        self.logging(edge).start()
        self.logged(edge, "bridge.lost", "no connection")
        return edge, remote, there

    def metric(self, series):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=harness.PATIENCE_S) as answer:
            said = answer.read().decode()
        return float(re.search(rf"^{re.escape(series)} (\S+)$", said, re.MULTILINE).group(1))

    def dropped(self, reason):
        return self.metric(f'mortise_deliveries_dropped_total{{reason="{reason}"}}')

    def what_fits(self, queue, payloads, fitting):
        edge, remote, there = self.away(f"queue: {queue}")
        publisher = self.client(edge).connect()
        for payload in payloads:
            publisher.publish("o/n", payload, 1)
        wait_for(lambda: self.dropped("queue_full") == len(payloads) - fitting, "what does not fit to be counted")
        remote.start()
        there.connect()
        there.run_until(lambda: len(there.messages) >= fitting, "what waited")
        # What is on its way to the remote takes its place until it is acknowledged.
        wait_for(lambda: self.metric("mortise_deliveries_queued") == 0, "all of it to be acknowledged")
        publisher.publish("o/n", "last", 1)
        there.run_until(lambda: "last" in there.payloads(), "what is published afterwards")
        self.assertEqual(there.payloads(), payloads[-fitting:] + ["last"], "the newest that fit")
        self.assertEqual(self.dropped("queue_full"), len(payloads) - fitting)

    def test_so_many_messages_wait_and_no_more(self):
        self.what_fits("{messages: 10}", [str(number) for number in range(30)], 10)

    def test_so_many_bytes_wait_and_no_more(self):
        payloads = [f"{number:02}" + 498 * "x" for number in range(30)]
        self.what_fits("{bytes: 4KiB}", payloads, 4096 // len("o/n" + payloads[0]))

    def test_what_has_become_too_old_does_not_go_out_any_more(self):
        edge, remote, there = self.away("queue: {age: 1s}")
        publisher = self.client(edge).connect()
        for number in range(10):
            publisher.publish("o/n", str(number), 1)
        end = time.monotonic() + 2.5  # an age is in whole seconds
        while time.monotonic() < end:
            publisher.step()
        remote.start()
        self.connected(edge)
        there.connect()
        fresh = []  # on a machine that stands still for a second one of these is too old, too

        def arrived():
            there.step()
            if not there.messages:
                fresh.append(f"fresh {len(fresh)}")
                publisher.publish("o/n", fresh[-1], 1)
            return there.messages

        wait_for(arrived, "a message that is not too old")
        self.assertLessEqual(set(there.payloads()), set(fresh))
        wait_for(lambda: self.dropped("expired") >= 10, "those that are to be counted")
        self.assertLessEqual(self.dropped("expired"), 10 + len(fresh))

    def test_a_rate_is_kept_and_local_traffic_goes_on(self):
        edge, remote, there = self.away("rate: 50")
        publisher = self.client(edge).connect()
        payloads = [str(number) for number in range(200)]
        for payload in payloads:
            publisher.publish("o/n", payload, 1)
        local = self.collector(edge, "local", 1)
        began, slowest = time.monotonic(), 0.0
        remote.start()
        there.connect()
        end = began + 4 * harness.PATIENCE_S
        while len(there.messages) < len(payloads) and time.monotonic() < end:
            sent, before = len(local.messages), time.monotonic()
            local.publish("local", "x", 1)
            local.run_until(lambda: len(local.messages) > sent, "a local message")
            slowest = max(slowest, time.monotonic() - before)
            there.step(0.001)
        took = time.monotonic() - began
        self.assertEqual(there.payloads(), payloads)
        self.assertGreater(took, 3)
        print(f"200 messages at 50 a second took {took:.1f} s; {len(local.messages)} local ones meanwhile, the slowest {slowest:.3f} s")


class Many(BridgeTest):
    def test_as_many_links_as_there_may_be_are_all_replaced_at_a_reload(self):
        remote = self.mosquitto()
        links = lambda more: [link(remote.port, name=f"n{number}", out=f"[{{topics: [t], local_prefix: o/{number}/, "
                                   f"remote_prefix: r/{number}/, qos: 1}}]", into=None, more=more) for number in range(32)]
        edge = self.edge(*links("inflight: 10"))
        self.logged(edge, "bridge.connected", count=32)
        edge.plugins = [STORE, bridge(*links("inflight: 20"))]
        self.logging(edge)
        edge.process.send_signal(signal.SIGHUP)
        self.logged(edge, "bridge.connected", count=64)
        self.assertEqual(self.count(edge, "bridge.lost", "does not open a client"), 0, "two of each and the states' fit")
        wait_for(lambda: sum(json.loads(message.payload)["state"] == "connected" for message in self.states(edge)) == 32,
                 "all links to be up")
        there = self.collector(remote, "r/+/t", 1)
        publisher = self.client(edge).connect()
        for number in range(32):
            publisher.publish(f"o/{number}/t", "x", 1)
        there.run_until(lambda: len(there.messages) >= 32, "a message by each link")
        self.assertEqual({message.topic for message in there.messages}, {f"r/{number}/t" for number in range(32)})


class Choices(BridgeTest):
    def test_of_a_clean_session_the_remote_keeps_nothing(self):
        for session, wanted in (("persistent", ["away", "back"]), ("clean", ["back"])):
            with self.subTest(session):
                remote = self.broker()
                cutter = self.cutter(remote)
                edge = self.edge(link(cutter.port, more=f"session: {session}"))
                self.connected(edge)
                self.subscribed(remote)
                here, there = self.collector(edge, "n"), self.collector(remote, "n")
                cutter.hold()
                there.publish("i/n", "away", 2)
                here.publish("o/n", "away", 2)
                cutter.let()
                self.connected(edge, 2)
                self.subscribed(remote)
                there.publish("i/n", "back", 2)
                here.run_until(lambda: "back" in here.payloads(), "what is published with the link up")
                there.run_until(lambda: there.messages, "what waited here")
                self.assertEqual(here.payloads(), wanted)
                self.assertEqual(there.payloads(), ["away"])

    def test_without_retain_nothing_is_passed_on_as_retained(self):
        for choice in ("true", "false"):
            with self.subTest(choice):
                remote = self.mosquitto()
                edge = self.edge(link(remote.port, out=f"[{{topics: ['#'], local_prefix: o/, retain: {choice}}}]",
                                      into=f"[{{topics: ['#'], remote_prefix: i/, retain: {choice}}}]"))
                self.connected(edge)
                here, there = self.collector(edge, "n", 1), self.collector(remote, "n", 1)
                here.publish("o/n", "kept", 1, retain=True)
                there.run_until(lambda: there.messages, "what goes out, behind the link's SUBSCRIBE")
                there.publish("i/n", "kept", 1, retain=True)
                for broker, client in ((edge, here), (remote, there)):
                    client.run_until(lambda: client.messages, "the message as it passes")
                    late = self.client(broker).connect()
                    late.subscribe("n", 1)
                    late.publish("n", "behind it", 1)
                    late.run_until(lambda: "behind it" in late.payloads(), "what comes behind it")
                    self.assertEqual(late.payloads(), (["kept"] if choice == "true" else []) + ["behind it"])

    def test_3_1_1_through_tls(self):
        folder = pathlib.Path(harness.tempfile.mkdtemp(prefix="mortise-e2e-"))
        self.addCleanup(harness.shutil.rmtree, folder, True)
        authority = Authority(folder)
        server, key = authority.issue("server", "remote")
        remote = self.mosquitto(listener=[f"certfile {server}", f"keyfile {key}", "allow_anonymous true"])
        more = f"version: '3.1.1', tls: {{ca: {authority.pem}}}"
        both = self.edge(link(remote.port, name="one", out="[{topics: ['#'], local_prefix: o/, remote_prefix: i/, qos: 2}]", into=None,
                              more=more),
                         link(remote.port, name="other", out=None, into="[{topics: ['#'], remote_prefix: i/, qos: 2}]", more=more))
        self.connected(both, name="one"), self.connected(both, name="other")
        client = self.collector(both, "n/+")
        for qos in (0, 1, 2):
            client.publish(f"o/n/{qos}", "through TLS, there and back", qos)
        client.run_until(lambda: len(client.messages) >= 3, "what went there and came back")
        self.assertEqual(sorted((message.topic, message.qos) for message in client.messages), [(f"n/{qos}", qos) for qos in (0, 1, 2)])


if __name__ == "__main__":
    unittest.main()
