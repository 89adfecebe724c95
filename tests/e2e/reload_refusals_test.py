"""A configuration that is not taken, or only asked about: what is told, and that the broker goes on as it was."""

import socket
import unittest

import harness
from harness import STORE, wait_for
from reloading import TOPICS, ReloadTest


class Refusals(ReloadTest):
    def test_ten_errors_are_told_and_nothing_changes(self):
        broker = self.begin()
        before = self.ctl("status")["listeners"]
        broker.file.write_text("""
kernel:
  threads: none
  limits: {connections: -1, packet_size: 1TiB, conections: 5}
  session: {receive_maximum: 70000}
  acknowledge: [{topics: ["a/#/b"], after: written}]
listeners:
  - {name: local, bind: "127.0.0.1:99999", anonymous: perhaps}
  - {name: other, bind: "127.0.0.1:1", mount_point: "a/+/"}
plugins:
  - {name: log, library: nowhere}
  - {name: store, library: store-sqlite, config: {pth: x.db}}
""")
        told = self.ctl("reload", code=1)
        self.assertIn("the configuration is not taken, and what was in force stays in force", told)
        errors = [line for line in told.splitlines() if str(broker.file) in line]
        self.assertGreaterEqual(len(errors), 10, told)
        for word in ("none", "conections", "connections", "1TiB", "70000", "99999", "perhaps", "nowhere", "pth", "a/#/b"):
            self.assertTrue(any(word in line for line in errors), f"{word} is not told:\n{told}")
        self.assertEqual(self.ctl("status")["listeners"], before)
        self.assertTrue(self.connects(broker.port))
        wait_for(lambda: "the configuration is not taken; what was in force stays in force" in self.logged(), "the line")

    def test_what_the_broker_stands_on_cannot_change(self):
        broker = self.begin()
        self.kernel = "threads: 3\nlimits: {connections: 1}"
        told = self.refused()
        self.assertRegex(told, r"mortise\.yaml:\d+:\d+  kernel/threads: the number of threads, 2, cannot change while the "
                               r"broker runs; set it back")
        self.kernel, self.plugins = "threads: 2\nlimits: {connections: 1}", []
        self.assertIn("cannot be taken out while the broker runs", self.refused())
        self.plugins = [STORE.replace("mortise.db", "other.db")]
        self.assertIn("is the store, and what it has taken is in its hands", self.refused())
        self.plugins, self.kernel = [STORE], "threads: 2\nsession: {store: memory}\nlimits: {connections: 1}"
        self.assertIn("whether sessions are stored at all", self.refused())
        self.client(broker, "one").connect()
        self.assertTrue(self.connects(broker.port))

    def test_a_port_in_use(self):
        broker = self.begin()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.binds["more"] = f"127.0.0.1:{taken.getsockname()[1]}"
            self.listeners["more"], self.listeners["local"] = "anonymous: allow", "anonymous: deny"
            self.write()
            for words in ((), ("--dry-run",)):
                self.assertRegex(self.ctl("reload", *words, code=1), r"mortise\.yaml:\d+:\d+  listeners/1/bind: .*the port is in use")
        self.assertTrue(self.connects(broker.port))

    def test_a_dry_run_tells_and_takes_nothing(self):
        broker = self.begin()
        self.kernel, self.plugins = "threads: 2\nlimits: {connections: 1}", [STORE, TOPICS]
        self.write()
        told = self.ctl("reload", "--dry-run")
        self.assertEqual(told, {"configuration": "could be taken",
                                "changes": ["~ kernel/limits/connections: 100000 -> 1", "+ plugins/topics: sys-topics"],
                                "warnings": []})
        self.client(broker, "one").connect()
        self.assertTrue(self.connects(broker.port))
        self.assertEqual([row["plugin"] for row in self.ctl("plugins")], ["log", "store"])

    def test_a_dry_run_tries_new_places_and_leaves_nothing_there(self):
        broker = self.begin()
        path, port = self.at.folder / "mortise.sock", harness.free_port()
        self.binds |= {"unix": f"unix:{path}", "more": f"127.0.0.1:{port}"}
        self.listeners |= {"unix": "anonymous: allow", "more": "anonymous: allow"}
        # Its place is another listener's at present, who gives it up when the whole is taken.
        self.binds["local"] = f"0.0.0.0:{broker.port}"
        self.write()
        self.assertEqual(self.ctl("reload", "--dry-run")["configuration"], "could be taken")
        self.assertFalse(path.exists())
        self.assertFalse(self.connects(port))
        self.assertTrue(self.connects(broker.port))
        self.ctl("reload")
        self.assertTrue(self.connects(port))
        self.assertTrue(path.is_socket())


if __name__ == "__main__":
    unittest.main()
