"""bridge-mqtt and what its settings bound: how much may wait for a remote that is away, how old it may become, and how fast
it goes out when the remote is back.

What is beyond a bound is counted by the broker, by reason.
"""

import re
import time
import unittest
import urllib.request

import harness
from bridging import BridgeTest, link
from harness import free_port, wait_for


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

    def dropped(self, reason):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=harness.PATIENCE_S) as answer:
            said = answer.read().decode()
        return float(re.search(rf'^mortise_deliveries_dropped_total{{reason="{reason}"}} (\S+)$', said, re.MULTILINE).group(1))

    def what_fits(self, queue, payloads, fitting):
        edge, remote, there = self.away(f"queue: {queue}")
        publisher = self.client(edge).connect()
        for payload in payloads:
            publisher.publish("o/n", payload, 1)
        wait_for(lambda: self.dropped("queue_full") == len(payloads) - fitting, "what does not fit to be counted")
        remote.start()
        self.connected(edge)
        publisher.publish("o/n", "last", 1)  # behind all that waited
        there.connect()
        there.run_until(lambda: "last" in there.payloads(), "what waited")
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


if __name__ == "__main__":
    unittest.main()
