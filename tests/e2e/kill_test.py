"""kill -9 at random moments: nothing acknowledged is lost, no QoS 2 message comes twice, order is kept.

A publisher and a persistent subscriber (paho, with its own resending) work through 50 kills, with one and three loops
in turn on the same store. Three topics: QoS 1, QoS 2, and a retained one.
"""

import os
import time
import unittest

import paho.mqtt.client as paho

import harness
from harness import BrokerTest, Client, seeded

ROUNDS = int(os.environ.get("MORTISE_KILL_ROUNDS", "50"))


class Publisher:
    """Numbers its messages a topic; what paho reports as acknowledged is `acknowledged`."""

    def __init__(self, client):
        self.client = client
        self.sent = {1: [], 2: [], "retained": []}
        self.mids = {}

    def publish(self, kind):
        number = len(self.sent[kind])
        self.sent[kind].append(number)
        qos = 1 if kind == "retained" else kind
        info = self.client.paho.publish(f"kill/{kind}", str(number), qos, retain=kind == "retained")
        self.mids[info.mid, kind, number] = info

    def acknowledged(self, kind):
        return [number for (mid, of, number) in self.mids if of == kind and mid in self.client.acknowledged]


def reconnect(client):
    """Until CONNACK; the broker may be away for a moment."""
    end = time.monotonic() + harness.PATIENCE_S
    while time.monotonic() < end:
        client.code = None
        try:
            client.paho.reconnect()
            client.run_until(lambda: client.code is not None or client.disconnected > 0, "CONNACK", harness.PATIENCE_S)
        except (OSError, AssertionError):
            time.sleep(0.05)
            continue
        if client.code == 0:
            return
    raise AssertionError("could not connect again")


class Kill(BrokerTest):
    def test_nothing_acknowledged_is_lost_through_many_kills(self):
        chance = seeded()
        broker = self.broker(kernel="threads: 1")
        subscriber = Client(broker.port, "subscriber", clean=False).connect()
        for kind in (1, 2):
            subscriber.subscribe(f"kill/{kind}", 2)
        publisher = Publisher(Client(broker.port, "publisher", clean=False).connect())

        for kill in range(ROUNDS):
            end = time.monotonic() + chance.uniform(0.01, 0.25)
            while time.monotonic() < end:
                if len(publisher.mids) - len(publisher.client.acknowledged) < 40:
                    publisher.publish(chance.choice([1, 2, 2, "retained"]))
                publisher.client.step(0.001)
                subscriber.step(0.001)
            broker.kill()
            broker.configure(f"threads: {chance.choice([1, 3])}")
            broker.start()
            for client in (publisher.client, subscriber):
                client.drop()
                client.disconnected = 0
                reconnect(client)
                self.assertTrue(client.session_present, f"the session of a client is gone after kill {kill}")

        everything = lambda: len(publisher.client.acknowledged) == len(publisher.mids)
        publisher.client.run_until(everything, "the last acknowledgements")
        self.check_delivered(broker, subscriber, publisher)
        self.check_retained(broker, publisher)
        print({kind: len(numbers) for kind, numbers in publisher.sent.items()}, "messages through", ROUNDS, "kills")

    def check_delivered(self, broker, subscriber, publisher):
        def got(kind):
            return [int(m.payload) for m in subscriber.messages if m.topic == f"kill/{kind}"]

        subscriber.run_until(lambda: all(set(got(kind)) >= set(publisher.sent[kind]) for kind in (1, 2)),
                             "every message to arrive")
        subscriber.run_for(0.3)
        for kind in (1, 2):
            self.assertEqual(set(got(kind)), set(publisher.sent[kind]))
        self.assertEqual(got(2), sorted(publisher.sent[2]), "QoS 2: once each, in order")
        first_time = list(dict.fromkeys(got(1)))
        self.assertEqual(first_time, sorted(first_time), "QoS 1: new messages come in order")

    def check_retained(self, broker, publisher):
        late = self.client(broker, "late").connect()
        late.subscribe("kill/retained", 1)
        if publisher.sent["retained"]:
            late.run_until(lambda: late.messages, "the retained message")
            self.assertEqual(int(late.messages[0].payload), publisher.sent["retained"][-1])

    def test_a_kill_right_after_the_last_acknowledgement_loses_nothing(self):
        for threads in (1, 3):
            with self.subTest(threads=threads):
                broker = self.broker(kernel=f"threads: {threads}")
                away = self.client(broker, "away", clean=False).connect()
                away.subscribe("burst/#", 2)
                away.disconnect()
                publisher = self.client(broker, "publisher").connect()
                mids = [publisher.publish(f"burst/{i % 7}", str(i), 1 + i % 2, wait=False) for i in range(2000)]
                publisher.run_until(lambda: all(mid in publisher.acknowledged for mid in mids), "all acknowledgements")
                broker.kill()
                broker.start()
                again = self.client(broker, "away", clean=False).connect()
                self.assertTrue(again.session_present)
                again.run_until(lambda: len(again.messages) >= 2000, "all messages")
                again.run_for(0.2)
                self.assertEqual(sorted(int(m.payload) for m in again.messages), list(range(2000)))


class Expectations(BrokerTest):
    def test_a_session_that_expires_is_gone_after_a_kill(self):
        broker = self.broker()
        client = self.client(broker, "short", clean=True, version=paho.MQTTv5).connect(expiry=1)
        client.subscribe("a", 1)
        client.drop()
        time.sleep(1 + 2 * harness.SLOW)  # the broker may see the end of the connection late
        broker.kill()
        broker.start()
        again = self.client(broker, "short", clean=False, version=paho.MQTTv5).connect(expiry=60)
        self.assertFalse(again.session_present)


if __name__ == "__main__":
    unittest.main()
