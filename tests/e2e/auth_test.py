"""Who may connect and do what: users, groups, anonymous clients, passwords made by mortise passwd, reloading."""

import signal
import subprocess
import time
import unittest

import paho.mqtt.client as paho

import harness
from harness import PROGRAM, STORE, BrokerTest, Client, wait_for

AUTH = "{name: users, library: auth-file, config: {users: users.yaml, access: access.yaml}}"
ACCESS = """
rules:
  - {group: sensors, may: [write], topics: ["plant/%u/#"]}
  - {group: panels, may: [read], topics: ["plant/#"]}
  - {group: anonymous, may: [read, write], topics: ["open/#"]}
"""


class Auth(BrokerTest):
    def secured(self, users, **options):
        broker = self.broker(start=False, plugins=(STORE, AUTH), log="info", **options)
        (broker.folder / "users.yaml").write_text("groups: [sensors, panels]\nusers: []\n")
        (broker.folder / "access.yaml").write_text(ACCESS)
        for name, (password, *groups) in users.items():
            self.passwd(broker, name, password, *groups)
        return broker.start()

    def passwd(self, broker, name, password, *groups):
        more = [word for group in groups for word in ("--group", group)]
        subprocess.run([PROGRAM, "passwd", *more, str(broker.folder / "users.yaml"), name], input=password + "\n", text=True,
                       check=True, timeout=harness.PATIENCE_S)

    def user(self, broker, name, password, client_id=None, **more):
        client = Client(broker.port, client_id or name, username=name, password=password, **more)
        self.addCleanup(client.close)
        return client

    def test_the_right_password_opens_and_a_wrong_one_does_not(self):
        broker = self.secured({"panel": ("s3cret",)})
        self.user(broker, "panel", "s3cret").connect()
        self.user(broker, "panel", "wrong", "other").connect(expect=4)
        self.user(broker, "nobody", "s3cret").connect(expect=4)
        self.user(broker, "panel", "wrong", "five", version=paho.MQTTv5).connect(expect=0x86)

    def test_anonymous_clients_need_a_listener_that_allows_them(self):
        broker = self.secured({}, listener="anonymous: deny")
        self.client(broker, "a").connect(expect=5)
        broker = self.secured({}, listener="anonymous: allow")
        self.client(broker, "a").connect()

    # proves 3.1.1 MQTT-3.3.5-2
    def test_rules_are_kept_for_publish_and_subscribe(self):
        broker = self.secured({"panel": ("p", "panels"), "s1": ("q", "sensors")})
        panel = self.user(broker, "panel", "p").connect()
        self.assertEqual(panel.subscribe("plant/#", 1)[0], 1)
        self.assertEqual(panel.subscribe("secret/#", 1)[0], 0x80)
        self.assertEqual(panel.subscribe("$share/panels/secret/#", 1)[0], 0x80)
        self.assertEqual(panel.subscribe("$share/panels/plant/none", 1)[0], 1)
        sensor = self.user(broker, "s1", "q").connect()
        sensor.publish("plant/s1/temperature", "21", 1)
        sensor.publish("plant/s2/temperature", "99", 1)  # acknowledged, since 3.1.1 knows no refusal, and not delivered
        panel.run_until(lambda: panel.messages, "the allowed message")
        panel.run_for(0.3)
        self.assertEqual([m.topic for m in panel.messages], ["plant/s1/temperature"])
        wait_for(lambda: "plant/s2/temperature" in broker.log_file.read_text(), "a line about the denied publish")
        line = next(line for line in broker.log_file.read_text().splitlines() if "plant/s2/temperature" in line)
        for word in ("denied", "s1", "by=users", "listener=local"):
            self.assertIn(word, line)

    def test_a_ping_is_answered_while_twenty_logins_hash(self):
        broker = self.secured({"panel": ("p",)})
        pinger = self.user(broker, "panel", "p", "pinger").connect()
        crowd = [self.user(broker, "panel", f"wrong {i}", f"crowd-{i}") for i in range(20)]
        for client in crowd:
            client.code = None
            client.paho.connect_async("127.0.0.1", broker.port)
            client.paho.reconnect()
        pinged = []
        pinger.paho.on_log = lambda _c, _d, _level, text: pinged.append(text) if "PINGRESP" in text else None
        pinger.paho._send_pingreq()
        pinger.run_until(lambda: pinged, "PINGRESP")
        waiting = [client for client in crowd if client.code is None]
        for client in crowd:
            client.run_until(lambda c=client: c.code is not None, "the refusal")
        self.assertTrue(all(client.code == 4 for client in crowd))
        print(f"PINGRESP came while {len(waiting)} of 20 logins had no answer yet")

    def test_sighup_reads_the_files_again_and_keeps_the_old_ones_when_they_are_wrong(self):
        broker = self.secured({"panel": ("p",)})
        self.passwd(broker, "later", "q")
        broker.process.send_signal(signal.SIGHUP)

        def later_may_come():
            client = Client(broker.port, "later", username="later", password="q")
            try:
                client.connect(expect=0)
                return True
            except AssertionError:
                time.sleep(0.1)
                return False
            finally:
                client.close()

        wait_for(later_may_come, "the new user to be known")
        (broker.folder / "users.yaml").write_text("groups: [sensors, panels]\nusers: [{name: later, password: plain}]\n")
        broker.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "users.yaml" in broker.log_file.read_text(), "a line about the bad file")
        self.user(broker, "later", "q", "still").connect()


if __name__ == "__main__":
    unittest.main()
