"""The operator's limits on the real process: memory stays within its budget, strangers do not keep others out, and
what a log line shows of a client cannot forge another."""

import pathlib
import re
import socket
import unittest

from harness import SLOW, BrokerTest, wait_for

SIZE = 8192
BUDGET_MIB = 16


class LimitsTest(BrokerTest):

    def logged(self, broker):
        return broker.log_file.read_bytes().decode(errors="replace")

    def resident(self, broker):
        """Bytes of the process that nobody else holds."""
        status = pathlib.Path(f"/proc/{broker.process.pid}/status").read_text()
        return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")))

    def test_memory_stays_within_its_budget_whatever_is_published(self):
        for threads in (1, 3):
            with self.subTest(threads=threads):
                self.flood(threads)

    def flood(self, threads):
        broker = self.broker(plugins=(), kernel=f"threads: {threads}\nlimits: {{memory: {BUDGET_MIB}MiB}}\n"
                             "session: {queue: {messages: unlimited, bytes: unlimited}}\n")
        idle = self.resident(broker)
        for name in ("one", "two", "three"):
            client = self.client(broker, name, clean=False).connect()
            client.subscribe("much/#", 1)
            client.disconnect()
        publisher = self.client(broker, "publisher").connect()
        count = (8 if SLOW == 1 else 3) * BUDGET_MIB * 1024 * 1024 // SIZE  # so many budgets
        most = 0
        for number in range(count):
            publisher.publish("much/of/it", f"{number:06}".encode().ljust(SIZE, b"x"), qos=1, wait=False)
            if number % 100 == 99 or number == count - 1:  # the last too: a client nobody drives sends nothing
                publisher.run_until(lambda: len(publisher.acknowledged) > number, "the acknowledgements",
                                    seconds=60 * SLOW)
                most = max(most, self.resident(broker) - idle)
        print(f"{threads} loops: {count * SIZE >> 20} MiB published, {most / 2**20:.1f} MiB more in use at most")
        if SLOW == 1:  # a sanitizer keeps what was freed
            self.assertLess(most, 1.5 * BUDGET_MIB * 2**20)
        said = self.logged(broker)
        for step in ("QoS 0 messages to slow readers are dropped", "clients without a session and new subscriptions",
                     "the largest queues of clients that are away lose their oldest messages"):
            self.assertRegex(said, "limits.memory is nearly used up: " + step)
        self.assertRegex(said, r"in_use=.?[0-9.]+ MiB")
        # Nobody was shut out who has a session, and what is left is the newest, in order.
        back = self.client(broker, "one", clean=False).connect()
        self.assertTrue(back.session_present)
        back.run_until(lambda: back.messages and int(back.messages[-1].payload[:6]) == count - 1, "the last message",
                       seconds=60 * SLOW)
        numbers = [int(message.payload[:6]) for message in back.messages]
        self.assertEqual(numbers, sorted(set(numbers)))
        back.disconnect()
        publisher.disconnect()
        self.assertEqual(broker.stop(), 0)

    def test_silent_connections_do_not_keep_clients_out(self):
        broker = self.broker(kernel="threads: 1\nlimits: {half_open: 5, connect_timeout: 500ms}\n")
        silent = [socket.create_connection(("127.0.0.1", broker.port)) for _ in range(20)]
        client = self.client(broker, "patient").connect()
        client.publish("a", "1", qos=1)
        for connection in silent:
            connection.settimeout(60 * SLOW)
            self.assertEqual(connection.recv(1), b"")
            connection.close()
        wait_for(lambda: "limits.half_open is reached" in self.logged(broker), "the log line")
        client.disconnect()
        self.assertEqual(broker.stop(), 0)

    def test_what_a_client_is_called_forges_no_log_line(self):
        broker = self.broker(log="debug")
        name = "a\x1b[2Jb\x7fc\u2028d\u0085e\"f\\g"
        client = self.client(broker, name).connect()
        client.subscribe("x/\x1b[31m\x07", 0)
        client.disconnect()
        self.assertEqual(broker.stop(), 0)
        said = self.logged(broker)
        self.assertIn("connected", said)
        self.assertIsNone(re.search("[\x00-\x09\x0b-\x1f\x7f\u0085\u2028]", said), repr(said))


if __name__ == "__main__":
    unittest.main()
