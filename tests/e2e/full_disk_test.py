"""A full disk while publishing: what was acknowledged is there when room returns, and after a restart."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import harness
from harness import BrokerTest

SIZE_MIB = 32


class FullDisk(BrokerTest):
    """Runs inside a mount namespace of its own, where a small tmpfs can be mounted (see main below)."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mortise-disk-"))
        self.addCleanup(lambda: subprocess.run(["umount", "-l", str(self.folder)], check=False))
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", str(self.folder)], check=True)

    def test_what_was_acknowledged_survives_a_full_disk(self):
        broker = self.broker(folder=self.folder, kernel="threads: 1\nstore: {stall: 3s}")
        away = self.client(broker, "away", clean=False).connect()
        away.subscribe("bulk/#", 1)
        away.disconnect()
        ballast = self.folder / "ballast"
        ballast.write_bytes(b"\0" * (14 << 20))

        publisher = self.client(broker, "publisher").connect()
        payload = "x" * 8000
        acknowledged, number = [], 0
        end = time.monotonic() + 60 * harness.SLOW
        while time.monotonic() < end and publisher.connected and number < 3000:
            mid = publisher.publish("bulk/data", f"{number} {payload}", 1, wait=False)
            waited = time.monotonic() + 4 * harness.SLOW
            while mid not in publisher.acknowledged and time.monotonic() < waited and publisher.connected:
                publisher.step()
            if mid not in publisher.acknowledged:
                break
            acknowledged.append(number)
            number += 1
        self.assertLess(number, 3000, "the disk never became full")
        self.assertGreater(len(acknowledged), 10)
        self.assertIn("mortise.db", broker.log_file.read_text() + broker.said(), "the log names the path")

        ballast.unlink()  # room returns, and the broker takes new messages by itself
        again = self.client(broker, "again").connect()
        again.publish("bulk/after", "after", 1)
        broker.kill()
        broker.start()
        consumer = self.client(broker, "away", clean=False).connect()
        self.assertTrue(consumer.session_present)
        consumer.run_until(lambda: any(m.topic == "bulk/after" for m in consumer.messages), "what came after")
        got = {int(m.payload.split()[0]) for m in consumer.messages if m.topic == "bulk/data"}
        self.assertEqual(set(acknowledged) - got, set(), "acknowledged messages are missing")


if __name__ == "__main__":
    if "MORTISE_IN_NAMESPACE" not in os.environ:
        os.environ["MORTISE_IN_NAMESPACE"] = "1"
        mine = [] if os.geteuid() == 0 else ["--map-root-user", "--user"]
        os.execvp("unshare", ["unshare", *mine, "--mount", sys.executable, *sys.argv])
    unittest.main()
