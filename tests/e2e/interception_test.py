"""A plugin in front of everything: addresses, CONNECT, wills and messages, on real sockets, and answers that come later."""

import os
import pathlib
import shutil
import socket
import ssl
import tempfile
import unittest

import paho.mqtt.client as paho

import certificates
from harness import PATIENCE_S, BrokerTest, free_port, wait_for

WARDEN = f"{{name: warden, library: {os.environ['MORTISE_TEST_PLUGINS']}/warden.so}}"
CONNECT, CONNACK = bytes.fromhex("100c00044d5154540402003c0000"), bytes.fromhex("20020000")


class Interception(BrokerTest):
    def warded(self, **options):
        return self.broker(plugins=(WARDEN,), **options)

    def answer(self, port, source, before=b"", context=None):
        """What somebody from an address hears to a CONNECT; nothing if he is shown the door."""
        try:
            with socket.create_connection(("127.0.0.1", port), PATIENCE_S, (source, 0)) as peer:
                peer.sendall(before)
                with context.wrap_socket(peer) if context else peer as stream:
                    stream.sendall(CONNECT)
                    return stream.recv(4)
        except TimeoutError:
            raise
        except OSError:
            return b""

    def test_an_address_is_refused_before_and_behind_tls_and_a_proxy(self):
        proxied, encrypted = free_port(), free_port()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="mortise-e2e-"))
        self.addCleanup(shutil.rmtree, folder)
        pem, key = certificates.Authority(folder).issue("server", "localhost")
        broker = self.warded(kernel="threads: 2", listener=(
            "anonymous: allow}\n"
            f"  - {{name: proxied, bind: 127.0.0.1:{proxied}, anonymous: allow, proxy_protocol: required, proxies: [127.0.0.1]}}\n"
            f"  - {{name: tls, bind: 127.0.0.1:{encrypted}, anonymous: allow, tls: {{certificate: {pem}, key: {key}}}"))
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        line = b"PROXY TCP4 203.0.113.%d 127.0.0.1 50122 1883\r\n"
        for _ in range(3):  # whichever loop he comes to
            self.assertEqual(self.answer(broker.port, "127.0.0.65"), CONNACK)
            self.assertEqual(self.answer(broker.port, "127.0.0.66"), b"")
            self.assertEqual(self.answer(encrypted, "127.0.0.65", context=trusting), CONNACK)
            self.assertEqual(self.answer(encrypted, "127.0.0.66", context=trusting), b"")
            self.assertEqual(self.answer(proxied, "127.0.0.1", line % 65), CONNACK)
            self.assertEqual(self.answer(proxied, "127.0.0.1", line % 66), b"")
        self.assertEqual(broker.stop(), 0)

    def test_a_client_is_refused_by_its_connect(self):
        broker = self.warded()
        self.client(broker, "wanted", version=paho.MQTTv5).connect()
        self.client(broker, "unwanted", version=paho.MQTTv5).connect(expect=0x8A)

    def test_wills_are_dropped_changed_and_let_through_later(self):
        broker = self.warded(kernel="threads: 2")
        watcher = self.client(broker, "watcher").connect()
        watcher.subscribe("will/#", 1)
        for name in ("dropped", "changed", "later", "plain"):
            client = self.client(broker, name)
            client.paho.will_set(f"will/{name}", "gone", 1)
            client.connect().drop()
        wait_for(lambda: watcher.step() is not None and len(watcher.messages) >= 3, "three wills")
        watcher.run_for(0.3)
        self.assertEqual({message.topic: message.payload for message in watcher.messages},
                         {"will/changed": b"changed", "will/later": b"gone", "will/plain": b"gone"})

    def test_messages_wait_for_a_later_answer_and_keep_their_order(self):
        broker = self.warded(kernel="threads: 2")
        reader = self.client(broker, "reader").connect()
        reader.subscribe("#", 2)
        writer = self.client(broker, "writer", version=paho.MQTTv5).connect()
        for qos in (0, 1, 2):
            for topic in ("later/a", "plain", "later/changed", "later/denied", "later/a"):
                writer.publish(topic, f"{qos}", qos, wait=False)
        writer.publish("plain", "end", 2)
        reader.run_until(lambda: len(reader.messages) >= 13, "what passes")
        for qos in (0, 1, 2):  # paho shows those of QoS 2 when they are released
            self.assertEqual([(message.topic, message.payload) for message in reader.messages if message.qos == qos][:4],
                             [("later/a", b"%d" % qos), ("plain", b"%d" % qos), ("later/changed", b"changed"),
                              ("later/a", b"%d" % qos)])

    def test_what_is_retained_is_decided_later_too(self):
        broker = self.warded()
        writer = self.client(broker, "writer").connect()
        reader = self.client(broker, "reader").connect()
        reader.subscribe("later/+")
        for topic in ("later/kept", "later/not_kept"):
            writer.publish(topic, "x", 1, retain=True)
        reader.run_until(lambda: len(reader.messages) == 2, "both")
        late = self.client(broker, "late").connect()
        late.subscribe("later/+")
        late.run_until(lambda: late.messages, "what was kept")
        late.run_for(0.3)
        self.assertEqual([message.topic for message in late.messages], ["later/kept"])

    def test_a_client_that_goes_while_its_message_waits_takes_nothing_with_it(self):
        broker = self.warded()
        reader = self.client(broker, "reader").connect()
        reader.subscribe("#", 1)
        for number in range(20):
            impatient = self.client(broker, f"impatient-{number}").connect()
            impatient.publish("later/a", str(number), 1, wait=False)
            impatient.drop()
        writer = self.client(broker, "writer").connect()
        writer.publish("later/a", "last", 1)
        reader.run_until(lambda: reader.messages and reader.messages[-1].payload == b"last", "the last")
        self.assertEqual(broker.stop(), 0)


if __name__ == "__main__":
    unittest.main()
