"""`synced` is really synced: between the PUBLISH and its PUBACK the system is asked to put the data on the disk."""

import re
import unittest

import harness
from harness import BrokerTest, wait_for

TRACE = "read,readv,recvfrom,recvmsg,sendmsg,sendto,writev,fdatasync,fsync"


class Synced(BrokerTest):
    def trace(self, kernel):
        """The broker under strace while one QoS 1 message is published to a persistent session."""
        broker = self.broker(start=False, kernel=kernel)
        file = broker.folder / "trace"
        # -D: the broker is our own child, and strace its watcher, which ends with it.
        broker.wrapper = ["strace", "-D", "-f", "-qq", "-s", "64", "-e", f"trace={TRACE}", "-o", str(file)]
        broker.start()
        away = self.client(broker, "away", clean=False).connect()
        away.subscribe("a", 1)
        away.disconnect()
        publisher = self.client(broker, "publisher").connect()
        publisher.publish("a", "the-marked-payload", 1)
        publisher.disconnect()
        said_later = re.compile(r'the-marked-payload[\s\S]*\n.*(send|write).*"@\\2\\0')
        wait_for(lambda: said_later.search(file.read_text(errors="replace")), "the trace, which comes after the call")
        lines = file.read_text(errors="replace").splitlines()
        arrived = next(i for i, line in enumerate(lines) if "the-marked-payload" in line and re.search("recv|read", line))
        # A PUBACK: type 4, remaining length 2.
        said = next(i for i, line in enumerate(lines[arrived:], arrived) if re.search(r'(send|write).*"@\\2\\0', line))
        return lines[arrived : said + 1]

    def test_a_puback_of_class_synced_follows_a_sync(self):
        between = self.trace("threads: 1")
        self.assertTrue(any("sync(" in line or "sync resumed" in line for line in between), "\n".join(between))

    def test_a_puback_of_class_written_does_not_wait_for_one(self):
        # A sync that an earlier batch was owed may happen to fall in between, but not every time.
        for _ in range(5):
            between = self.trace('threads: 1\nacknowledge: [{topics: ["#"], after: written}]')
            if not any("sync(" in line for line in between):
                return
        self.fail("\n".join(between))


if __name__ == "__main__":
    unittest.main()
