"""bridge-mqtt and kill -9 while messages flow: of both sides with a second Mortise, of this side with Mosquitto there.

What was acknowledged to whoever published it arrives: QoS 2 once and in order, QoS 1 at least once and for the first time in
order. What survives Mosquitto's own kill -9 is up to Mosquitto, which writes its store now and then.
"""

import collections
import contextlib
import os
import threading
import time
import unittest

import harness
from bridging import BridgeTest, link
from harness import STORE, Client, seeded

ROUNDS = int(os.environ.get("MORTISE_KILL_ROUNDS", "20"))

# Messages that are published to `broker` under `topic`, one after the other, and arrive at `at`.
Flow = collections.namedtuple("Flow", "name broker topic qos at arrives_as")


class Kills(BridgeTest):
    def publish(self, flow, there, stop, acknowledged):
        client = Client(flow.broker.port, f"publisher-{flow.name}", clean=False)
        number, mid, end = 0, None, None
        while not stop.is_set() or (mid is not None and time.monotonic() < end):
            with contextlib.suppress(OSError, AssertionError):
                if not client.connected:
                    with there:
                        client.connect()
                elif mid is None:
                    mid, end = client.publish(flow.topic, str(number), flow.qos, wait=False), time.monotonic() + 60
                elif mid in client.acknowledged:
                    acknowledged.append(number)
                    number, mid = number + 1, None
                else:
                    client.step()
        client.close()

    def kills(self, flows, killed):
        """Kills these in turn while the messages flow; what was acknowledged to whom published it, by flow."""
        random = seeded()
        acknowledged, stop = {flow.name: [] for flow in flows}, threading.Event()
        # Nobody connects to a broker that is away: paho sends a QoS 2 message anew after two failures in a row.
        there = {id(flow.broker): threading.Lock() for flow in flows}
        threads = [threading.Thread(target=self.publish, args=(flow, there[id(flow.broker)], stop, acknowledged[flow.name]))
                   for flow in flows]
        for thread in threads:
            thread.start()
        try:
            for _ in range(ROUNDS):
                for broker in killed:
                    time.sleep(random.uniform(0.05, 0.6))
                    with there[id(broker)]:
                        broker.kill()
                        broker.start()
        finally:
            stop.set()
            for thread in threads:
                thread.join(120)
        return acknowledged

    def nothing_is_lost(self, flows, killed):
        for flow in flows:
            self.collector(flow.at, flow.arrives_as, flow.qos, f"collector-{flow.name}").drop()
        acknowledged = self.kills(flows, killed)
        for flow in flows:
            again = self.client(flow.at, f"collector-{flow.name}", clean=False).connect()
            wanted = acknowledged[flow.name]
            numbers = lambda: [int(text) for text in again.payloads()]
            again.run_until(lambda: len(again.messages) >= len(wanted) and set(wanted) <= set(numbers()), f"all that went {flow.name}", 6 * harness.PATIENCE_S)
            again.run_for(0.5)
            came = numbers()
            print(f"{flow.name}: {len(wanted)} acknowledged, {len(came)} came, in {ROUNDS} kills")
            if flow.qos == 2:
                self.assertEqual(len(set(came)), len(came), f"{flow.name}: QoS 2 once")
            first = list(dict.fromkeys(came))
            self.assertEqual(first, sorted(first), f"{flow.name}: in order")
            self.assertGreater(len(wanted), 0, flow.name)

    def test_kills_of_both_sides_lose_nothing_and_repeat_nothing(self):
        remote = self.broker(plugins=(STORE,))
        edge = self.edge(link(remote.port, more="inflight: 20"))
        self.connected(edge)
        self.subscribed(remote)
        self.nothing_is_lost([Flow("out", edge, "o/n", 2, remote, "n"), Flow("in", remote, "i/n", 2, edge, "n")], [edge, remote])

    def test_kills_of_this_side_lose_nothing_with_mosquitto_there(self):
        remote = self.mosquitto()
        edge = self.edge(link(remote.port, into=None, more="inflight: 20"))
        self.connected(edge)
        self.nothing_is_lost([Flow(f"out with QoS {qos}", edge, f"o/n{qos}", qos, remote, f"n{qos}") for qos in (1, 2)], [edge])


if __name__ == "__main__":
    unittest.main()
