"""bridge-mqtt on a line that is cut at every byte: of CONNECT and SUBSCRIBE, of a QoS 2 message on its way out and of one on
its way in, and of each answer to them. Every message arrives once and in order.
"""

import time
import unittest

import harness
from bridging import FROM_REMOTE, TO_REMOTE, BridgeTest, link

PUBCOMP = 7


class Cuts(BridgeTest):
    def cuts(self, remote, version, directions):
        cutter = self.cutter(remote)
        edge = self.edge(link(cutter.port, more=f"version: '{version}'").replace("first: 50ms, longest: 500ms",
                                                                                 "first: 10ms, longest: 10ms"))
        self.connected(edge)
        if isinstance(remote, harness.Broker):
            self.subscribed(remote)
        here, there = self.collector(edge, "n"), self.collector(remote, "n")
        sent = []

        def both_until(condition, what):
            end = time.monotonic() + harness.PATIENCE_S
            while not condition():
                if time.monotonic() > end:
                    raise AssertionError(f"waited for {what}; passed: {cutter.passed(TO_REMOTE)}, {cutter.passed(FROM_REMOTE)}")
                here.step(0.001), there.step(0.001)

        def exchange(what, *cut):
            """A message each way that waits before there is a line, and the end of what is said about it."""
            cuts = cutter.cuts + bool(cut)
            cutter.hold()
            sent.append(f"{len(sent):04}")
            ids = here.publish("o/n", sent[-1], 2, wait=False), there.publish("i/n", sent[-1], 2, wait=False)
            both_until(lambda: ids[0] in here.acknowledged and ids[1] in there.acknowledged, f"both brokers, {what}")
            cutter.let(*cut)
            both_until(lambda: cutter.cuts == cuts and PUBCOMP in cutter.passed(TO_REMOTE) and
                       PUBCOMP in cutter.passed(FROM_REMOTE), f"the end of the exchange, {what}")
            both_until(lambda: len(here.messages) >= len(sent) and len(there.messages) >= len(sent), f"the messages, {what}")

        exchange("uncut")
        self.assertEqual(len(cutter.lines), 1)
        sizes = {direction: len(cutter.lines[0].passed[direction]) for direction in directions}
        began = time.monotonic()
        for direction, size in sizes.items():
            for count in range(size + 1):
                exchange(f"cut after {count} of {size} bytes {direction}", direction, count)
                if here.payloads() != sent or there.payloads() != sent:  # here, where the offset is known
                    self.fail(f"cut after {count} bytes {direction}: {here.payloads()[-3:]} {there.payloads()[-3:]}")
        exchange("uncut again")  # what is repeated late comes before it
        self.assertEqual(here.payloads(), sent)
        self.assertEqual(there.payloads(), sent)
        self.assertEqual((here.disconnected, there.disconnected), (0, 0))
        print(f"{cutter.cuts} cuts, {sizes}, {len(sent)} messages each way, {time.monotonic() - began:.1f} s")

    def test_mortise_5_0(self):
        self.cuts(self.broker(), "5.0", (TO_REMOTE, FROM_REMOTE))

    # As a client, with a server nobody here wrote.
    # proves 3.1.1 MQTT-7.0.0-1
    def test_mosquitto_3_1_1(self):
        self.cuts(self.mosquitto(), "3.1.1", (TO_REMOTE, FROM_REMOTE))


if __name__ == "__main__":
    unittest.main()
