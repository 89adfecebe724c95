"""bridge-mqtt on real sockets: Mosquitto and a second Mortise at the other end, with lines that are cut.

What is published here with QoS 1 or 2 reaches the remote, in order, QoS 2 once; and the other way round.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

import harness
import mosquitto
from bridging import MOSQUITTO, BridgeTest, bridge, link
from certificates import Authority
from harness import STORE, Client, free_port, mosquitto_pub, wait_for

OUTAGE_S = float(os.environ.get("MORTISE_OUTAGE_S", "6"))


class Carries(BridgeTest):
    def carries_both_ways(self, remote, version):
        edge = self.edge(link(remote.port, more=f"version: '{version}'"))
        self.connected(edge)
        here, there = self.collector(edge, "#"), self.collector(remote, "#")
        for qos in (0, 1, 2):
            here.publish(f"o/a/{qos}", f"out {qos}", qos)
        there.run_until(lambda: len(there.payloads()) >= 3, "what went out: behind the link's SUBSCRIBE")
        for qos in (0, 1, 2):
            there.publish(f"i/a/{qos}", f"in {qos}", qos)
        here.run_until(lambda: len(here.payloads()) >= 6, "what was published here and there")
        there.run_until(lambda: len(there.payloads()) >= 6, "the same there")
        seen = {(message.topic, message.payload.decode(), message.qos) for message in there.messages}
        self.assertEqual(seen, {(f"a/{qos}", f"out {qos}", qos) for qos in (0, 1, 2)} |
                         {(f"i/a/{qos}", f"in {qos}", qos) for qos in (0, 1, 2)})
        seen = {(message.topic, message.payload.decode(), message.qos) for message in here.messages}
        self.assertEqual(seen, {(f"a/{qos}", f"in {qos}", qos) for qos in (0, 1, 2)} |
                         {(f"o/a/{qos}", f"out {qos}", qos) for qos in (0, 1, 2)})
        here.run_for(0.3)
        self.assertEqual((len(here.messages), len(there.messages)), (6, 6), "each once")

    def test_mosquitto_5_0(self):
        self.carries_both_ways(self.mosquitto(), "5.0")

    def test_mosquitto_3_1_1(self):
        self.carries_both_ways(self.mosquitto(), "3.1.1")

    def test_mortise_5_0(self):
        self.carries_both_ways(self.broker(), "5.0")

    def test_mortise_3_1_1(self):
        """It knows the bridge bit, and sends nothing back."""
        self.carries_both_ways(self.broker(), "3.1.1")

    def test_a_bridge_of_3_1_1_is_sent_nothing_back_and_what_is_retained_as_such(self):
        here = self.broker()
        bridge, other = self.client(here, "bridge"), self.client(here, "other")
        bridge.paho.enable_bridge_mode()
        bridge.connect()
        other.connect()
        bridge.subscribe("x/#", 1)
        bridge.publish("x/own", "mine", 1)
        other.publish("x/other", "theirs", 1, retain=True)
        bridge.run_until(lambda: bridge.messages, "the other's message")
        bridge.run_for(0.2)
        self.assertEqual([(message.topic, message.retain) for message in bridge.messages], [("x/other", True)])

    def test_links_are_others_after_a_reload_and_lose_nothing(self):
        remote, second = self.mosquitto(), self.mosquitto()
        edge = self.edge(link(remote.port, out="[{topics: [a, b], qos: 1}]", into=None))
        self.connected(edge)
        there, elsewhere = self.collector(remote, "#", 1), self.collector(second, "#", 1)
        ctl = lambda *words: subprocess.run([harness.PROGRAM, "ctl", "--state-dir", str(edge.state), "--json", *words],
                                            capture_output=True, text=True, timeout=60 * harness.SLOW, check=True).stdout
        sender = self.client(edge, "sender").connect()
        sender.publish("a", "1", 1)
        there.run_until(lambda: there.payloads() == ["1"], "the first")
        remote.stop()
        for number in range(2, 12):
            sender.publish("a", str(number), 1)
        self.logged(edge, "bridge.lost", "no connection")
        wait_for(lambda: json.loads(ctl("bridges"))[0].get("waiting") == 10, "what waits to be seen")
        wait_for(lambda: json.loads(ctl("bridges"))[0].get("oldest_s", 0) >= 1, "its age")
        # Another remote, and a second link: what waits goes there.
        edge.plugins = [STORE, bridge(link(second.port, out="[{topics: [a, b], qos: 1}]", into=None),
                                      link(second.port, name="more", out="[{topics: [c], qos: 1}]", into=None))]
        self.logging(edge)
        ctl("reload")
        elsewhere.run_until(lambda: len(elsewhere.messages) >= 10, "what waited")
        self.assertEqual(elsewhere.payloads(), [str(number) for number in range(2, 12)])
        wait_for(lambda: [row["state"] for row in json.loads(ctl("bridges"))] == ["connected"] * 2, "both links")
        sender.publish("c", "by the new one", 1)
        elsewhere.run_until(lambda: "by the new one" in elsewhere.payloads(), "the new link's message")
        edge.plugins = [STORE, bridge(link(second.port, out="[{topics: [b], qos: 1}]", into=None))]
        self.logging(edge)
        ctl("reload")
        wait_for(lambda: [row["link"] for row in json.loads(ctl("bridges"))] == ["bridge/up"], "the second to go")
        wait_for(lambda: [row["filter"] for row in json.loads(ctl("subscriptions", "$inline/bridge/up"))] == ["b"],
                 "its session to have the new topics only")
        sender.publish("c", "for nobody", 1)
        sender.publish("b", "last", 1)
        elsewhere.run_until(lambda: "last" in elsewhere.payloads(), "the last")
        self.assertNotIn("for nobody", elsewhere.payloads())
        self.assertEqual(sender.disconnected, 0)

    def test_a_file_that_cannot_be_read_is_a_warning(self):
        edge = self.edge(link(free_port(), more="password_file: none"))
        warning = "password_file: plugin", f"{edge.folder}/none cannot be read"
        self.logged(edge, "config.finding", *warning)
        self.logged(edge, "bridge.lost", "no password can be read from it")
        done = subprocess.run([harness.PROGRAM, "check", "--config", str(edge.file), "--state-dir", str(edge.state),
                               "--plugin-path", harness.PLUGINS], capture_output=True, text=True, timeout=harness.PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(all(word in done.stderr for word in ("warning: ", *warning)), done.stderr)

    def test_a_remote_that_is_restarted_has_refused_nothing(self):
        remote = self.broker(plugins=(STORE,))
        edge = self.edge(link(remote.port))
        self.connected(edge)
        remote.stop()
        self.logged(edge, "bridge.lost", "the remote ended the connection: server shutting down")
        sender = self.client(edge, "sender").connect()
        for number in range(3):
            sender.publish("o/a", str(number), 1)
        wait_for(lambda: self.state(edge).get("waiting") == 3, "what waits to be seen")
        remote.start()
        self.logged(edge, "bridge.connected", '"waiting": 3', '"oldest_s": ')
        wait_for(lambda: self.state(edge)["connects"] == 2, "the link to come back")
        state = self.state(edge)
        self.assertEqual((state["refused"], state["failures"] >= 1), ({}, True))

    def test_the_state_of_a_link_that_is_gone_goes_with_it(self):
        remote = self.mosquitto()
        two = [link(remote.port), link(remote.port, name="second", out="[{topics: [c]}]", into=None)]
        edge = self.edge(*two)
        links = lambda: sorted(message.topic.rsplit("/", 1)[1] for message in self.states(edge))
        for end in (edge.stop, edge.kill):
            wait_for(lambda: links() == ["second", "up"], "the states of both links")
            end()
            edge.plugins = [STORE, bridge(two[0])]
            self.logging(edge).start()
            wait_for(lambda: links() == ["up"], f"the second's state to go after {end.__name__}")
            edge.plugins = [STORE, bridge(*two)]
            self.logging(edge)
            edge.process.send_signal(signal.SIGHUP)
        wait_for(lambda: links() == ["second", "up"], "both again")
        edge.plugins = [STORE, bridge(two[1])]
        self.logging(edge)
        edge.process.send_signal(signal.SIGHUP)
        wait_for(lambda: links() == ["second"], "the first's state to go at a reload")
        edge.plugins = [STORE]
        self.logging(edge)
        edge.process.send_signal(signal.SIGHUP)
        wait_for(lambda: links() == [], "all states to go with the whole entry")

    def test_a_library_that_is_swapped_in_keeps_the_states_and_what_waits(self):
        remote = self.mosquitto()
        edge = self.edge(link(remote.port), start=False)
        library = edge.folder / "bridge-of-today.so"
        swapped = lambda: os.replace(shutil.copy(f"{harness.PLUGINS}/bridge-mqtt.so", edge.folder / "next.so"), library)
        swapped()
        edge.plugins = [STORE, bridge(link(remote.port)).replace("library: bridge-mqtt", f"library: {library}")]
        self.logging(edge).start()
        self.connected(edge)
        there, sender = self.collector(remote, "#"), self.client(edge, "sender").connect()
        for number in range(5):
            sender.publish("o/a", str(2 * number), 2)
            swapped()
            edge.process.send_signal(signal.SIGHUP)
            sender.publish("o/a", str(2 * number + 1), 2)
            self.logged(edge, "plugin.stopped", '"bridge"', count=number + 1)
            self.connected(edge, count=number + 2)
            wait_for(lambda: self.state(edge)["state"] == "connected", "the new instance's state")
        there.run_until(lambda: len(there.messages) >= 10, "all messages")
        self.assertEqual(there.payloads(), [str(number) for number in range(10)])

    def test_retained_messages_stay_retained_and_properties_travel(self):
        remote = self.mosquitto()
        edge = self.edge(link(remote.port))
        self.connected(edge)
        mosquitto_pub(edge, "-V", "5", "-t", "o/kept", "-m", "on", "-r", "-q", "1", "-D", "publish", "content-type",
                      "text/plain", "-D", "publish", "user-property", "unit", "kelvin")
        wait_for(lambda: "kept" in subprocess.run(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(remote.port), "-t", "kept", "-V", "5", "-F", "%t %r %C %P %p",
             "-W", "1", "-C", "1"], capture_output=True, text=True, timeout=harness.PATIENCE_S).stdout,
                 "the retained message there")
        said = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(remote.port), "-t", "kept", "-V", "5", "-F",
                               "%t %r %C %P %p", "-W", "10", "-C", "1"], capture_output=True, text=True,
                              timeout=harness.PATIENCE_S).stdout
        self.assertIn("kept 1 text/plain unit:kelvin mortise-origin:", said)
        self.assertTrue(said.rstrip().endswith("mortise-hops:1 on"), said)


    def test_topics_that_are_taken_out_are_unsubscribed(self):
        remote = self.mosquitto()
        edge = self.edge(link(remote.port, out="[{topics: [a, b]}]", into=None))
        self.connected(edge)
        edge.stop()
        edge.plugins = [STORE, bridge(link(remote.port, out="[{topics: [b, c]}]", into=None))]
        self.logging(edge).start()
        self.connected(edge, 2)
        said = subprocess.run([harness.PROGRAM, "ctl", "--state-dir", str(edge.state), "--json", "subscriptions",
                               "$inline/bridge/up"], capture_output=True, text=True, timeout=20, check=True).stdout
        self.assertEqual(sorted(row["filter"] for row in json.loads(said)), ["b", "c"])

    def test_3_1_1_says_that_it_is_a_bridge_after_an_outage_too(self):
        remote = self.mosquitto()
        edge = self.edge(link(remote.port, more="version: '3.1.1'", out="[{topics: [x], qos: 1}]", into="[{topics: [x], qos: 1}]"))
        self.connected(edge)
        remote.stop()
        self.logged(edge, "bridge.lost", "no connection")
        remote.start()
        self.connected(edge, 2)
        reader = self.collector(edge, "x", 1)
        reader.publish("x", "once", 1)  # a remote that knows it for a bridge sends nothing back
        reader.run_for(0.7)
        self.assertEqual(reader.payloads(), ["once"])


class Outages(BridgeTest):
    def test_nothing_is_lost_before_the_remote_was_ever_there(self):
        remote = self.broker(plugins=(STORE,))
        there = self.collector(remote, "n")  # has a session there before the link comes
        there.disconnect()
        remote.stop()
        edge = self.edge(link(remote.port, into=None))
        self.logged(edge, "bridge.lost", "no connection")
        publisher = self.client(edge)
        publisher.connect()
        for number in range(20):
            publisher.publish("o/n", str(number), qos=1 + number % 2)
        edge.kill()
        edge.start()
        remote.start()
        there.connect()
        there.run_until(lambda: len(there.messages) >= 20, "what waited")
        for qos in (1, 2):  # paho shows one of QoS 2 when it is released: after later ones of QoS 1
            came = [int(message.payload) for message in there.messages if message.qos == qos]
            self.assertEqual(came, list(range(qos - 1, 20, 2)))

    def test_an_outage_under_load_loses_nothing_and_keeps_the_order(self):
        remote = self.mosquitto()
        edge = self.edge(link(remote.port, into=None, more="inflight: 100"))
        self.connected(edge)
        there = self.collector(remote, "n/+")
        there.disconnect()
        publisher = self.client(edge)
        publisher.connect()
        remote.stop()
        sent, until = 0, time.monotonic() + OUTAGE_S
        began = time.monotonic()
        while time.monotonic() < until:
            publisher.publish(f"o/n/{1 + sent % 2}", str(sent), qos=1 + sent % 2, wait=False)
            sent += 1
            while time.monotonic() < min(until, began + sent / 500):
                publisher.step(0.002)
        publisher.run_until(lambda: len(publisher.acknowledged) >= sent, "what was published during the outage")
        remote.start()
        again = Client(remote.port, "collector", clean=False)
        self.addCleanup(again.close)
        again.connect()
        again.run_until(lambda: len(set(again.payloads())) >= sent, "what waited", 10 * harness.PATIENCE_S)
        again.run_for(0.3)
        print(f"{sent} messages waited for {OUTAGE_S} s and came {len(again.messages)} times")
        for qos in (1, 2):
            came = [int(message.payload) for message in again.messages if message.topic == f"n/{qos}"]
            wanted = [number for number in range(sent) if 1 + number % 2 == qos]
            self.assertEqual(came if qos == 2 else list(dict.fromkeys(came)), wanted)

    def test_another_address_is_taken_and_the_first_again_when_it_is_back(self):
        first, second = self.broker(), self.broker()
        edge = self.edge(link([first.port, second.port], into=None, more="return_after: 1s"))
        self.connected(edge)
        first.kill()
        self.logged(edge, "bridge.connected", str(second.port))
        first.start()
        self.logged(edge, "bridge.returns", str(first.port))
        self.logged(edge, "bridge.connected", str(first.port), count=2)


class Refusals(BridgeTest):
    def test_a_wrong_password_is_told_and_the_right_one_is_taken_from_its_file(self):
        folder = pathlib.Path(harness.tempfile.mkdtemp(prefix="mortise-e2e-"))
        self.addCleanup(harness.shutil.rmtree, folder, True)
        mosquitto.passwords(MOSQUITTO, folder / "passwd", edge="right")
        (folder / "passwd").chmod(0o644)
        remote = self.mosquitto(lines=[f"password_file {folder}/passwd"], listener=["allow_anonymous false"])
        secret = folder / "secret"
        secret.write_text("wrong\n")
        edge = self.edge(link(remote.port, into=None, more=f"username: edge, password_file: {secret}"))
        self.logged(edge, "bridge.lost", "not authorized")
        secret.write_text("right\n")
        self.connected(edge)

    def test_what_the_remote_refuses_is_counted_and_stops_nothing(self):
        remote = self.broker(start=False)  # Debian's Mosquitto 2.0.11 closes the connection after what it denies
        (remote.folder / "access.yaml").write_text("rules: [{group: anonymous, may: [write, read], topics: ['good/#']}]\n")
        remote.plugins = [STORE, "{name: access, library: auth-file, config: {access: access.yaml}}"]
        remote.configure("threads: 1\nlimits: {packet_size: 2KiB}")
        remote.start()
        edge = self.edge(link(remote.port))
        self.connected(edge)
        publisher = self.client(edge)
        publisher.connect()
        there = self.collector(remote, "good/#")
        for _ in range(100):  # more than the window
            publisher.publish("o/good/x", "x" * 3000, 1)
        for qos in (0, 1, 2):
            publisher.publish("o/bad/x", "no", qos)
            publisher.publish("o/good/x", "x" * 3000, qos)
            publisher.publish("o/good/x", f"yes {qos}", qos)
        there.run_until(lambda: len(there.messages) >= 3, "what is allowed")
        self.assertEqual(there.payloads(), ["yes 0", "yes 1", "yes 2"])
        wait_for(lambda: self.state(edge)["refused"].get("remote: not authorized") == 2, "the count of refusals", 10 + harness.PATIENCE_S)
        state = self.state(edge)
        self.assertEqual(state["state"], "connected")
        self.assertEqual(state["refused"]["too large for the remote"], 103)
        self.assertEqual(state["connects"], 1)

    def test_qos_0_that_waits_when_the_link_goes_down_is_counted(self):
        remote = self.mosquitto()
        edge = self.edge(link(remote.port, into=None, more="rate: 1"))
        self.connected(edge)
        publisher = self.client(edge).connect()
        for number in range(100):
            publisher.publish("o/a", str(number))
        publisher.publish("elsewhere", "behind them", 1)
        wait_for(lambda: self.state(edge)["out"] >= 1, "the first to be sent", 10 + harness.PATIENCE_S)
        remote.stop()
        lost = lambda: self.state(edge)["refused"].get("QoS 0: the link went down", 0)
        wait_for(lambda: lost() >= 1, "what is lost to be counted")
        self.assertLessEqual(lost() + self.state(edge)["out"], 100)

    def test_tls_with_a_client_certificate_that_is_changed_while_it_runs(self):
        folder = pathlib.Path(harness.tempfile.mkdtemp(prefix="mortise-e2e-"))
        self.addCleanup(harness.shutil.rmtree, folder, True)
        folder.chmod(0o755)
        authority = Authority(folder)
        server, server_key = authority.issue("server", "remote")
        first, first_key = authority.issue("first", "edge-1")
        second, second_key = authority.issue("second", "edge-2")
        certificate, key = folder / "own.pem", folder / "own.key"
        certificate.write_bytes(first.read_bytes()), key.write_bytes(first_key.read_bytes())
        remote = self.mosquitto(listener=[f"cafile {authority.pem}", f"certfile {server}", f"keyfile {server_key}",
                                          "require_certificate true", "use_identity_as_username true"])
        edge = self.edge(link(remote.port, into=None,
                              more=f"tls: {{ca: {authority.pem}, certificate: {certificate}, key: {key}}}"))
        self.connected(edge)
        wait_for(lambda: "u'edge-1'" in remote.said(), "the first certificate's name there")
        certificate.write_bytes(second.read_bytes()), key.write_bytes(second_key.read_bytes())
        edge.process.send_signal(signal.SIGHUP)
        self.connected(edge, 2)
        wait_for(lambda: "u'edge-2'" in remote.said(), "the second certificate's name there")

    def test_a_remote_with_the_wrong_name_or_authority_is_not_spoken_to(self):
        folder = pathlib.Path(harness.tempfile.mkdtemp(prefix="mortise-e2e-"))
        self.addCleanup(harness.shutil.rmtree, folder, True)
        authority, other = Authority(folder), Authority(folder, "other")
        server, server_key = authority.issue("server", "remote", "DNS:elsewhere.example")
        remote = self.mosquitto(listener=[f"certfile {server}", f"keyfile {server_key}", "allow_anonymous true"])
        edge = self.edge(link(remote.port, "name", into=None, more=f"tls: {{ca: {authority.pem}}}"),
                         link(remote.port, "stranger", into=None, more=f"tls: {{ca: {other.pem}, server_name: elsewhere.example}}"),
                         link(remote.port, "right", into=None,
                              more=f"tls: {{ca: {authority.pem}, server_name: elsewhere.example}}"))
        self.connected(edge, name="right")
        self.logged(edge, "bridge.lost", '"name"', "certificate is not accepted")
        self.logged(edge, "bridge.lost", '"stranger"', "certificate is not accepted")


class Loops(BridgeTest):
    def come_to_an_end(self, *clients):
        """Until nothing new comes for more than a second."""
        def is_quiet():
            before = [len(client.messages) for client in clients]
            for _ in range(20):
                for client in clients:
                    client.run_for(0.03)
            return [len(client.messages) for client in clients] == before
        wait_for(is_quiet, "an end")

    def test_two_brokers_that_bridge_each_other_do_not_loop(self):
        a, b = self.broker(start=False), self.broker(start=False)
        everything = {"out": "[{topics: ['#'], qos: 1}]", "into": "[{topics: ['#'], qos: 1}]"}
        for own, other, name in ((a, b, "to-b"), (b, a, "to-a")):
            own.plugins = [STORE, bridge(link(other.port, name, **everything))]
            self.logging(own)
        a.start(), b.start()
        self.connected(a, name="to-b"), self.connected(b, name="to-a")
        here, there = self.collector(a, "x/#", 1), self.collector(b, "x/#", 1)
        for number in range(10):
            here.publish("x/a", f"a{number}", 1)
            there.publish("x/b", f"b{number}", 1)
        wanted = {f"{kind}{number}" for kind in "ab" for number in range(10)}
        for client in (here, there):
            client.run_until(lambda client=client: wanted <= set(client.payloads()), "what was published on both sides")
        self.come_to_an_end(here, there)
        for client in (here, there):
            self.assertEqual(set(client.payloads()), wanted)
            # Two links between the same two, each in both directions: a message comes by more than one way, and no more.
            self.assertLessEqual(len(client.payloads()), 3 * len(wanted))

    def test_a_ring_of_three_is_found_and_named(self):
        brokers = [self.broker(start=False) for _ in range(3)]
        for i, own in enumerate(brokers):
            other = brokers[(i + 1) % 3]
            own.plugins = [STORE, bridge(link(other.port, "ring", out="[{topics: ['x/#'], qos: 1}]", into=None))]
            self.logging(own)
        for own in brokers:
            own.start()
        for own in brokers:
            self.connected(own, name="ring")
        readers = [self.collector(own, "x/#", 1) for own in brokers]
        readers[0].publish("x/1", "once", 1)
        for reader in readers:
            reader.run_until(lambda reader=reader: reader.messages, "the message on its way round")
        self.come_to_an_end(*readers)
        # It comes back to the broker it was published at, which does not send it out again.
        self.assertEqual([len(reader.payloads()) for reader in readers], [2, 1, 1])
        self.logged(brokers[0], "bridge.loop", "x/1", "back where it began")
        self.assertEqual([self.count(own, "bridge.loop") for own in brokers[1:]], [0, 0])

    def test_links_of_3_1_1_that_send_to_each_other_are_named(self):
        brokers = [self.broker(start=False) for _ in range(2)]
        for i, own in enumerate(brokers):
            own.plugins = [STORE, bridge(link(brokers[1 - i].port, out="[{topics: ['x/#'], qos: 1}]", into=None,
                                              more="version: '3.1.1', rate: 100"))]
            self.logging(own)
        for own in brokers:
            own.start()
        for own in brokers:
            self.connected(own)
        self.client(brokers[0], "sender").connect().publish("x/1", "round and round", 1)
        for own in brokers:
            self.logged(own, "bridge.loop", "x/1", "has left 50 times within 5 seconds")
        wait_for(lambda: self.state(brokers[0])["loops"] >= 1, "it to be counted")


if __name__ == "__main__":
    unittest.main()
