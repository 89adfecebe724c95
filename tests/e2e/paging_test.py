"""A queue larger than the memory messages may take: it waits in the store, comes back whole and in order, and after a
kill -9 the broker does not read it into memory to start."""

import pathlib
import unittest

import paho.mqtt.client as paho

from harness import SLOW, BrokerTest

COUNT, SIZE = (16000, 8192) if SLOW == 1 else (1500, 8192)
RESIDENT = 2 * 1024 * 1024
KERNEL = ("store: {resident: 2MiB}\n"
          "session: {queue: {messages: unlimited, bytes: unlimited}}\n"
          "acknowledge:\n  - {topics: ['#'], after: written}\n")


def payload(number):
    return f"{number:06}".encode() + bytes([number % 251]) * (SIZE - 6)


class PagingTest(BrokerTest):

    def resident(self, broker):
        """Bytes of the process that nobody else holds: no page of the files it maps."""
        status = pathlib.Path(f"/proc/{broker.process.pid}/status").read_text()
        return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")))

    def assert_small(self, broker, before, what):
        """Far below what waits: its stubs, what is on its way to the store, and what the allocator keeps of it."""
        if SLOW != 1:
            return  # a sanitizer keeps what was freed
        grown = self.resident(broker) - before
        print(f"{what}: {COUNT * SIZE >> 20} MiB wait, {grown / 2**20:.1f} MiB of them in memory")
        self.assertLess(grown, COUNT * SIZE // 3)

    def test_a_queue_larger_than_memory_waits_in_the_store(self):
        for threads in (1, 3):
            with self.subTest(threads=threads):
                self.lead_through(threads)

    def lead_through(self, threads):
        broker = self.broker(kernel=f"threads: {threads}\n{KERNEL}")
        idle = self.resident(broker)
        away = self.client(broker, "away", clean=False).connect()
        away.subscribe("much/#", 1)
        away.disconnect()
        publisher = self.client(broker, "publisher").connect()
        for number in range(COUNT):
            publisher.publish("much/of/it", payload(number), qos=1, wait=False)
            if number % 100 == 99:
                publisher.run_until(lambda: len(publisher.acknowledged) > number, "the acknowledgements")
        self.assert_small(broker, idle, "queued")
        broker.kill()
        broker.start()
        self.assert_small(broker, idle, "after a kill -9")
        away = self.client(broker, "away", clean=False).connect()
        self.assertTrue(away.session_present)
        away.run_until(lambda: len(away.messages) >= COUNT, "the messages", seconds=120 * SLOW)
        for number, message in enumerate(away.messages):
            self.assertEqual(message.payload[:6], payload(number)[:6])
            self.assertEqual(message.payload, payload(number))
        self.assert_small(broker, idle, "delivered")
        away.disconnect()
        self.assertEqual(broker.stop(), 0)

    def test_what_one_client_has_had_still_waits_for_another(self):
        broker = self.broker(kernel=f"threads: 1\n{KERNEL}")
        for name in ("one", "two"):
            client = self.client(broker, name, clean=False, version=paho.MQTTv311).connect()
            client.subscribe("much/#", 2)
            client.disconnect()
        publisher = self.client(broker, "publisher").connect()
        count = COUNT // 10
        for number in range(count):
            publisher.publish("much/of/it", payload(number), qos=2, wait=number % 50 == 49 or number == count - 1)
        for name in ("one", "two"):
            client = self.client(broker, name, clean=False).connect()
            client.run_until(lambda: len(client.messages) >= count, "the messages", seconds=120 * SLOW)
            self.assertEqual([message.payload for message in client.messages],
                             [payload(number) for number in range(count)])
            client.disconnect()
            if name == "one":
                broker.kill()
                broker.start()
        self.assertEqual(broker.stop(), 0)


if __name__ == "__main__":
    unittest.main()
