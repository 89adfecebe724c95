#!/usr/bin/python3
"""Listeners with a mount point, beside one without: what is seen from outside, and by whoever decides."""

import subprocess
import unittest

import paho.mqtt.client as paho

import harness
from harness import PROGRAM, STORE, BrokerTest, Client, free_port, wait_for

AUTH = "{name: users, library: auth-file, config: {users: users.yaml, access: access.yaml}}"
ACCESS = """
rules:
  - {group: all, may: [read, write], topics: ["site/%u/open/#"]}
  - {group: anonymous, may: [read, write], topics: ["#"]}
"""


class Mounted(BrokerTest):
    """The first listener sees all topics; self.by_user and self.by_client are mounted."""

    def served(self, users=(), plugins=(STORE,), **options):
        self.by_user, self.by_client = free_port(), free_port()
        broker = self.broker(start=False, plugins=plugins, log="info", listener=(
            "anonymous: allow}\n"
            f"  - {{name: users, bind: 127.0.0.1:{self.by_user}, anonymous: allow, mount_point: site/%u/}}\n"
            f"  - {{name: devices, bind: 127.0.0.1:{self.by_client}, anonymous: allow, mount_point: devices/%c/"),
            **options)
        (broker.folder / "users.yaml").write_text("groups: [all]\nusers: []\n")
        (broker.folder / "access.yaml").write_text(ACCESS)
        for name in users:
            subprocess.run([PROGRAM, "passwd", "--group", "all", str(broker.folder / "users.yaml"), name], input="p\n",
                           text=True, check=True, timeout=harness.PATIENCE_S)
        return broker.start()

    def at(self, port, client_id, username=None, **more):
        client = Client(port, client_id, username=username, password=username and "p", **more)
        self.addCleanup(client.close)
        return client

    def seen(self, client, count):
        client.run_until(lambda: len(client.messages) >= count, f"{count} messages")
        return [(message.topic, message.payload) for message in client.messages]

    def test_from_outside_the_whole_topic_is_seen_and_reached(self):
        broker = self.served()
        for version in (paho.MQTTv31, paho.MQTTv311, paho.MQTTv5):
            outside = self.client(broker, "outside").connect()
            outside.subscribe("#", 2)
            device = self.at(self.by_client, "pump", version=version).connect()
            device.subscribe("set/+", 2)
            for qos in (0, 1, 2):
                device.publish("is", f"out {qos}", qos=qos)
                outside.publish("devices/pump/set/speed", f"in {qos}", qos=qos)
                outside.publish("devices/valve/set/speed", "for another", qos=qos)
            self.assertEqual(self.seen(device, 3), [("set/speed", f"in {qos}".encode()) for qos in (0, 1, 2)])
            own = [entry for entry in self.seen(outside, 9) if entry[1].startswith(b"out")]
            self.assertEqual(own, [("devices/pump/is", f"out {qos}".encode()) for qos in (0, 1, 2)])
            device.disconnect()
            outside.disconnect()

    def test_retained_messages_and_wills_lie_in_the_place(self):
        broker = self.served()
        device = self.at(self.by_client, "pump")
        device.paho.will_set("state", "gone", qos=1, retain=True)
        device.connect()
        device.publish("state", "here", qos=1, retain=True)
        outside = self.client(broker, "outside").connect()
        outside.subscribe("devices/#", 1)
        self.assertEqual(self.seen(outside, 1), [("devices/pump/state", b"here")])
        device.drop()
        self.assertEqual(self.seen(outside, 2)[1], ("devices/pump/state", b"gone"))
        again = self.at(self.by_client, "pump").connect()
        again.subscribe("#", 1)
        self.assertEqual(self.seen(again, 1), [("state", b"gone")])

    def test_a_stored_session_has_whole_topics_over_a_restart(self):
        broker = self.served()
        device = self.at(self.by_client, "pump", clean=False).connect()
        device.subscribe("set/+", 1)
        device.subscribe("$share/crew/job", 1)
        device.disconnect()
        outside = self.client(broker, "outside").connect()
        outside.publish("devices/pump/set/speed", "3", qos=1)
        broker.kill()
        broker.start()
        outside = self.client(broker, "outside").connect()
        outside.publish("devices/pump/job", "4", qos=1)
        device = self.at(self.by_client, "pump", clean=False).connect()
        self.assertTrue(device.session_present)
        self.assertEqual(sorted(self.seen(device, 2)), [("job", b"4"), ("set/speed", b"3")])

    def test_rules_are_about_whole_topics(self):
        broker = self.served(users=("ann", "bob"), plugins=(STORE, AUTH))
        ann = self.at(self.by_user, "a", "ann").connect()
        self.assertEqual(ann.subscribe("open/#", 1)[0], 1)
        self.assertEqual(ann.subscribe("site/ann/open/#", 1)[0], 0x80)
        ann.publish("closed", "1", qos=1)
        line = self.line_with(broker, "site/ann/closed")
        for word in ("denied", "user=ann", "listener=users", "by=users"):
            self.assertIn(word, line)
        bob = self.at(self.by_user, "b", "bob").connect()
        bob.subscribe("open/#", 1)
        bob.publish("open/x", "2", qos=1)
        self.assertEqual(self.seen(bob, 1), [("open/x", b"2")])
        self.assertEqual(ann.messages, [])

    def test_who_has_no_place_is_told_so(self):
        broker = self.served()
        self.at(self.by_user, "nameless").connect(expect=5)
        self.at(self.by_user, "nameless-5", version=paho.MQTTv5).connect(expect=0x87)
        line = self.line_with(broker, "warning auth", "by user, and the client has no user name")
        self.assertIn("listener=users", line)
        self.at(self.by_client, "a/b").connect(expect=2)
        self.at(self.by_client, "#", version=paho.MQTTv5).connect(expect=0x85)
        self.line_with(broker, "the client identifier cannot be a level of the mount point")

    def test_a_mount_point_that_is_none_is_named_with_its_place(self):
        broker = self.broker(start=False, listener="mount_point: site/%u")
        checked = subprocess.run(broker.command("check"), capture_output=True, text=True, timeout=harness.PATIENCE_S)
        self.assertNotEqual(checked.returncode, 0)
        self.assertIn("listeners/0/mount_point: \"site/%u\" does not end with a slash", checked.stdout + checked.stderr)

    def line_with(self, broker, *words):
        def lines():
            return [line for line in broker.log_file.read_text().splitlines() if all(word in line for word in words)]
        wait_for(lines, f"a line with {words}")
        return lines()[0]


if __name__ == "__main__":
    unittest.main()
