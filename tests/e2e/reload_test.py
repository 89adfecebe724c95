"""Another configuration while clients are served: taken as a whole, or refused as a whole; connections stay."""

import os
import pathlib
import shutil
import signal
import socket
import threading
import time
import unittest

import paho.mqtt.client as paho

import certificates
import harness
from harness import STORE, free_port, wait_for
from reloading import CONNACK, CONNECT, TOPICS, ReloadTest


class Publisher(threading.Thread):
    """Publishes QoS 1 messages on a topic without a pause, until told to stop; counts those that are acknowledged."""

    def __init__(self, client, topic):
        super().__init__()
        self.client, self.topic = client, topic
        self.sent, self.ended = 0, threading.Event()

    def run(self):
        while not self.ended.is_set():
            if self.sent - len(self.client.acknowledged) < 50:
                self.client.publish(self.topic, str(self.sent), 1, wait=False)
                self.sent += 1
            self.client.step(0.001)

    def finish(self):
        self.ended.set()
        self.join()
        self.client.run_until(lambda: len(self.client.acknowledged) == self.sent, "all acknowledgements")


class Limits(ReloadTest):
    def test_hold_at_once_and_those_who_are_there_stay(self):
        broker = self.begin()
        first = self.client(broker, "first").connect()
        self.kernel = "threads: 2\nlimits: {connections: 1}"
        self.assertEqual(self.reload(), ["~ kernel/limits/connections: 100000 -> 1"])
        self.assertFalse(self.connects(broker.port))
        first.publish("a", "still here", 1)
        self.kernel = "threads: 2"
        self.assertEqual(self.reload(), ["~ kernel/limits/connections: 1 -> 100000"])
        self.assertTrue(self.connects(broker.port))
        line = 'the configuration changes  change="~ kernel/limits/connections: 1 -> 100000"'
        wait_for(lambda: line in self.logged(), "the line about it")
        self.assertEqual(first.disconnected, 0)

    def test_what_a_client_was_told_holds_for_its_connection(self):
        broker = self.begin()
        told = self.client(broker, "told", version=paho.MQTTv5).connect()
        self.kernel = "threads: 2\nsession: {receive_maximum: 1, topic_alias_maximum: 0}\nlimits: {packet_size: 1KiB}"
        self.assertEqual(len(self.reload()), 3)
        # More than one under way, and a packet that a newcomer may not send.
        numbers = [told.publish(f"a/{number}", "x" * 3000, 2, wait=False) for number in range(8)]
        told.run_until(lambda: set(numbers) <= told.acknowledged, "the old client's messages")
        newcomer = self.client(broker, "newcomer", version=paho.MQTTv5).connect()
        newcomer.publish("a", "x" * 3000, wait=False)
        newcomer.run_until(lambda: newcomer.disconnected, "the newcomer's end")
        self.assertEqual(told.disconnected, 0)

    def test_a_rate_slows_those_who_are_there(self):
        broker = self.begin()
        client = self.client(broker, "fast").connect()
        self.kernel = "threads: 2\nlimits: {publish_rate: 5}"
        self.reload()
        began = time.monotonic()
        numbers = [client.publish("a", str(number), 1, wait=False) for number in range(30)]
        client.run_for(1)
        self.assertLessEqual(len(client.acknowledged), 5 * (time.monotonic() - began) + 7)  # a second's worth is saved
        self.kernel = "threads: 2"
        self.reload()
        client.run_until(lambda: set(numbers) <= client.acknowledged, "all of them")

    def test_classes_of_durability(self):
        self.kernel = "threads: 2\nacknowledge: [{topics: [\"fast/#\"], after: memory}]"
        broker = self.begin()
        away = self.client(broker, "away", clean=False).connect()
        away.subscribe("#", 1)
        away.drop()
        client = self.client(broker, "sender").connect()
        self.kernel = "threads: 2\nacknowledge: [{topics: [\"fast/#\"], after: synced}]"
        self.assertEqual(len(self.reload()), 1)
        client.publish("fast/a", "kept", 1)
        broker.kill()
        broker.start()
        away = self.client(broker, "away", clean=False).connect()
        away.run_until(lambda: away.payloads() == ["kept"], "what was acknowledged")


class Doors(ReloadTest):
    def test_a_listener_comes_and_goes(self):
        broker = self.begin()
        first = self.client(broker, "first").connect()
        port = free_port()
        self.binds["second"], self.listeners["second"] = f"127.0.0.1:{port}", "anonymous: allow"
        self.assertEqual(self.reload(), [f"+ listeners/second: 127.0.0.1:{port}"])
        guest = harness.Client(port, "guest", version=paho.MQTTv5)
        self.addCleanup(guest.close)
        reasons = []
        guest.paho.on_disconnect = lambda _client, _data, reason, *_: reasons.append(getattr(reason, "value", reason))
        guest.connect()
        self.assertIn(f"second  127.0.0.1:{port}", self.ctl("status")["listeners"])
        self.listeners["second"] += ", maximum_qos: 1"  # who came before this goes with the listener, too
        self.reload()
        del self.listeners["second"]
        self.assertEqual(self.reload(), [f"- listeners/second: 127.0.0.1:{port}"])
        guest.run_until(lambda: reasons, "the farewell")
        self.assertEqual(reasons, [0x98])
        self.assertFalse(self.connects(port))
        self.assertTrue(self.connects(broker.port))
        first.publish("a", "x", 1)
        self.assertEqual(first.disconnected, 0)
        wait_for(lambda: [row["client"] for row in self.ctl("clients", "--connected")] == ["first"], "the others to be gone")

    def test_an_address_widens_while_clients_come_in(self):
        broker = self.begin()
        stays = self.client(broker, "stays").connect()
        ended, failed, connected = threading.Event(), [], []

        def knock():
            while not ended.is_set():
                try:
                    with socket.create_connection(("127.0.0.1", broker.port), timeout=harness.PATIENCE_S) as peer:
                        peer.sendall(CONNECT)
                        connected.append(peer.recv(4))
                except OSError as fault:
                    failed.append(fault)

        thread = threading.Thread(target=knock)
        thread.start()
        self.addCleanup(ended.set)
        for bind in ("0.0.0.0", "127.0.0.1", "*") * 5:
            self.binds["local"] = f"{bind}:{broker.port}"
            self.assertEqual(len(self.reload()), 1)
        ended.set()
        thread.join()
        # A handshake that ends between the last accept() of a socket and its close() is reset by the system.
        self.assertLessEqual(len(failed) + connected.count(b""), 1, failed)
        self.assertGreater(len(connected), 15)
        self.assertEqual(set(connected) - {b""}, {CONNACK})
        stays.publish("a", "x", 1)
        self.assertEqual(stays.disconnected, 0)

    def test_the_port_is_nobody_elses_afterwards(self):
        broker = self.begin()
        self.binds["local"] = f"0.0.0.0:{broker.port}"
        self.reload()
        for address in ("0.0.0.0", "127.0.0.1"):
            with socket.socket() as other:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with self.assertRaises(OSError):
                    other.bind((address, broker.port))

    def test_a_listener_is_another_for_those_who_come_next(self):
        broker = self.begin()
        stays = self.client(broker, "stays").connect()
        self.listeners["local"] = "anonymous: deny"
        self.assertEqual(self.reload(), ["~ listeners/local/anonymous: allow -> deny"])
        self.assertFalse(self.connects(broker.port))
        stays.publish("a", "x", 1)
        self.listeners = {"renamed": "anonymous: allow"}
        self.binds["renamed"] = self.binds["local"]
        self.assertEqual(len(self.reload()), 2)
        self.assertTrue(self.connects(broker.port))
        stays.publish("a", "x", 1)
        self.assertEqual(stays.disconnected, 0)

    def test_a_unix_socket_comes_changes_and_goes(self):
        self.begin()
        path = self.at.folder / "mortise.sock"
        self.binds["unix"], self.listeners["unix"] = f"unix:{path}", "anonymous: allow"
        self.reload()
        self.assertTrue(path.is_socket())
        self.listeners["unix"] = "anonymous: deny"
        self.reload()
        self.listeners["unix"] = "anonymous: deny, mode: \"0600\""
        self.assertIn("cannot change while the broker listens on it", self.refused())
        del self.listeners["unix"]
        self.reload()
        wait_for(lambda: not path.exists(), "the file to go")  # with the loop's next turn

    def test_tls_comes_to_a_listener_and_a_bad_certificate_is_refused(self):
        authority = certificates.Authority(self.broker(start=False).folder)
        pem, key = authority.issue("server", "localhost")
        broker = self.begin()
        plain = self.client(broker, "plain").connect()
        self.listeners["local"] = f"anonymous: allow, tls: {{certificate: {pem}, key: {key}}}"
        self.reload()
        self.assertFalse(self.connects(broker.port))
        encrypted = harness.Client(broker.port, "encrypted")
        self.addCleanup(encrypted.close)
        encrypted.paho.tls_set(str(authority.pem))
        encrypted.connect()
        key.write_text("no key")
        self.listeners["local"] += ", maximum_qos: 1"
        self.assertIn(str(key), self.refused())
        plain.publish("a", "x", 1)
        encrypted.publish("a", "x", 2)  # as before
        self.assertEqual((plain.disconnected, encrypted.disconnected), (0, 0))


class Plugins(ReloadTest):
    def test_come_go_and_are_replaced_under_load(self):
        broker = self.begin()
        reader = self.client(broker, "reader").connect()
        reader.subscribe("load/#", 1)
        senders = [Publisher(self.client(broker, f"sender-{number}").connect(), f"load/{number}") for number in range(2)]
        for sender in senders:
            sender.start()
        for number in range(12):
            self.plugins = [[STORE], [STORE, TOPICS], [STORE, TOPICS.replace("1s", "2s")]][number % 3]
            self.assertEqual(len(self.reload()), 0 if number == 0 else 1)
            names = [row["plugin"] for row in self.ctl("plugins")]
            self.assertEqual(names, ["log", "store"] + ([] if number % 3 == 0 else ["topics"]))
            reader.run_for(0.1)
        for sender in senders:
            sender.finish()
        total = sum(sender.sent for sender in senders)
        reader.run_until(lambda: len(reader.messages) >= total, f"{total} messages", 6 * harness.PATIENCE_S)
        for sender in senders:
            got = [int(message.payload) for message in reader.messages if message.topic == sender.topic]
            self.assertEqual(got, list(range(sender.sent)))
        self.assertEqual([client.disconnected for client in (reader, *(sender.client for sender in senders))], [0, 0, 0])
        print(f"{total} messages, none lost or twice, in 12 reloads")
        self.assertIn("plugin stopped  plugin=topics", self.logged())

    def test_another_library_is_swapped_in_under_load(self):
        broker = self.broker(start=False)
        self.at = broker
        library, next_one = broker.folder / "topics.so", broker.folder / "next.so"
        code = pathlib.Path(harness.PLUGINS, "sys-topics.so").read_bytes()
        library.write_bytes(code)
        self.plugins = [STORE, TOPICS.replace("library: sys-topics", f"library: {library}")]
        self.begin()
        reader = self.client(self.at, "reader").connect()
        reader.subscribe("load/#", 2)
        sender = Publisher(self.client(self.at, "sender").connect(), "load/a")
        sender.start()
        swaps = 20
        for number in range(swaps):
            next_one.write_bytes(code + bytes(number + 1))  # what stands behind the last section is nobody's
            os.replace(next_one, library)
            self.assertEqual(self.reload(), ["~ plugins/topics/library: as it was opened -> another file"])
            reader.run_for(0.05)
        self.assertEqual(self.reload(), [])
        sender.finish()
        reader.run_until(lambda: len(reader.messages) >= sender.sent, "all messages", 6 * harness.PATIENCE_S)
        self.assertEqual([int(message.payload) for message in reader.messages], list(range(sender.sent)))
        self.assertEqual((reader.disconnected, sender.client.disconnected), (0, 0))
        self.assertGreaterEqual(self.logged().count("plugin stopped  plugin=topics"), 10)  # more are summed up
        library.write_bytes(b"no library")
        self.assertIn("the library cannot be opened", self.refused())
        falling = pathlib.Path(os.environ["MORTISE_TEST_PLUGINS"], "falling.so")
        os.replace(shutil.copy(falling, next_one), library)
        self.assertIn("opening it ends a process by signal 6", self.refused())
        self.assertTrue(self.connects(self.at.port))
        print(f"{sender.sent} messages, none lost or twice, in {swaps} swaps")

    def test_users_come_with_their_plugin(self):
        broker = self.begin()
        anonymous = self.client(broker, "anonymous").connect()
        anonymous.subscribe("#")
        (broker.folder / "access.yaml").write_text(
            "rules:\n  - {group: anonymous, may: [read, write], topics: [\"open/#\"]}\n")
        self.plugins = [STORE, "{name: users, library: auth-file, config: {access: access.yaml}}"]
        self.assertEqual(self.reload(), ["+ plugins/users: auth-file"])
        anonymous.publish("closed/a", "denied", 1)
        anonymous.publish("open/a", "allowed", 1)
        anonymous.run_until(lambda: anonymous.payloads() == ["allowed"], "what is allowed")
        self.plugins = [STORE]
        self.assertEqual(self.reload(), ["- plugins/users: auth-file"])
        anonymous.publish("closed/b", "again", 1)
        anonymous.run_until(lambda: anonymous.payloads() == ["allowed", "again"], "what nobody forbids any more")
        self.assertEqual(anonymous.disconnected, 0)

    def test_a_log_gets_another_file(self):
        broker = self.begin()
        broker.log_entry = broker.log_entry.replace("mortise.log", "other.log")
        self.assertEqual(self.reload(), ["~ plugins/log/config/sinks/0/path"])
        self.client(broker, "late").connect()
        wait_for(lambda: "client=late" in (broker.state / "other.log").read_text(), "the line in the other file")

    def test_one_that_does_not_start_keeps_everything_as_it_was(self):
        broker = self.begin()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.plugins = [STORE, TOPICS, "{name: metrics, library: metrics-prometheus, config: "
                            f"{{bind: \"127.0.0.1:{taken.getsockname()[1]}\"}}}}"]
            self.kernel = "threads: 2\nlimits: {connections: 1}"
            self.assertIn("metrics", self.refused())
        self.assertEqual([row["plugin"] for row in self.ctl("plugins")], ["log", "store"])
        self.client(broker, "one").connect()
        self.assertTrue(self.connects(broker.port))

    def test_one_that_never_comes_to_its_end_is_named_and_taken_out(self):
        lingering = f"{{name: slow, library: {os.environ['MORTISE_TEST_PLUGINS']}/lingering.so, config: {{owes: true}}}}"
        self.plugins = [STORE, lingering]
        broker = self.begin()
        client = self.client(broker, "stays").connect()
        self.plugins = [STORE]
        self.assertEqual(self.reload(), [f"- plugins/slow: {os.environ['MORTISE_TEST_PLUGINS']}/lingering.so"])
        wait_for(lambda: 'a plugin did not finish in time  plugin=slow owed=drain()' in self.logged(), "the line about it")
        self.assertEqual([row["plugin"] for row in self.ctl("plugins")], ["log", "store"])
        client.publish("a", "x", 1)
        self.assertEqual(client.disconnected, 0)
        self.plugins = [STORE, lingering]  # and one of that name comes again
        self.assertEqual(len(self.reload()), 1)
        client.publish("a", "y", 1)
        self.assertEqual(client.disconnected, 0)

    def test_metrics_are_scraped_from_a_plugin_that_came_later(self):
        self.begin()
        port = free_port()
        self.plugins = [STORE, f"{{name: metrics, library: metrics-prometheus, config: {{bind: \"127.0.0.1:{port}\"}}}}"]
        self.reload()
        with socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE_S) as peer:
            peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            text = b""
            while more := peer.recv(65536):
                text += more
        self.assertIn(b'mortise_plugin_running{plugin="metrics"} 1', text)


class Signals(ReloadTest):
    def test_sighup_takes_what_has_changed_or_says_why_not(self):
        broker = self.begin()
        self.kernel = "threads: 2\nlimits: {connections: 1}"
        self.write()
        broker.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "the configuration is taken" in self.logged(), "the reload")
        self.kernel = "threads: 2\nlimits: {connections: none}"
        self.write()
        broker.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "the configuration is not taken" in self.logged(), "the refusal")
        wait_for(lambda: "plugins read their files again" in self.logged(), "the files, which are read all the same")
        self.client(broker, "one").connect()
        self.assertFalse(self.connects(broker.port))

    def test_many_at_once_are_taken_one_after_the_other(self):
        broker = self.begin()
        clients = [self.client(broker, f"c{number}").connect() for number in range(3)]
        taken = []
        threads = [threading.Thread(target=lambda: taken.append(self.ctl("reload"))) for _ in range(5)]
        for thread in threads:
            thread.start()
        for number in range(10):
            self.kernel = f"threads: 2\nlimits: {{filters: {number + 1}}}"
            self.write()
            broker.process.send_signal(signal.SIGHUP)
        for thread in threads:
            thread.join()
        for client in clients:
            client.publish("a", "x", 1)
        self.assertEqual([client.disconnected for client in clients], [0, 0, 0])
        self.assertEqual([one["configuration"] for one in taken], ["taken"] * 5)


if __name__ == "__main__":
    unittest.main()
