"""TLS as its users see it: real clients, both versions, certificates of clients, files that change while it runs."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import unittest

import certificates
import harness
import paho.mqtt.client as paho
from harness import PATIENCE_S, wait_for

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
ACCESS = "{name: users, library: auth-file, config: {access: access.yaml}}"


class TlsTest(harness.BrokerTest):
    def tls_broker(self, tls="", listener="anonymous: allow", plugins=(harness.STORE,), log="info", start=True):
        """A broker with a server's certificate of an authority of its own."""
        broker = self.broker(start=False, plugins=plugins, log=log)
        self.authority = certificates.Authority(broker.folder)
        self.authority.issue("server", "broker.example")
        self.pump = self.authority.issue("pump", "pump-7", "URI:urn:pump:7")
        broker.listener = f"{listener}, tls: {{certificate: server.pem, key: server.key{tls and ', ' + tls}}}"
        broker.configure("threads: 1")
        return broker.start() if start else broker

    def context(self, version=None, certificate=None, authority=None):
        context = ssl.create_default_context(cafile=authority or self.authority.pem)
        if version:
            context.minimum_version = context.maximum_version = VERSIONS[version]
        if certificate:
            context.load_cert_chain(*certificate)
        return context

    def tls_client(self, broker, client_id="", version=None, certificate=None, username=None, password=None, five=False):
        client = harness.Client(broker.port, client_id, True, paho.MQTTv5 if five else paho.MQTTv311, username, password)
        client.paho.tls_set_context(self.context(version, certificate))
        self.addCleanup(client.close)
        return client

    def handshake(self, broker, context):
        """Connects and reads once, so that what TLS 1.3 says late is heard. The server's certificate."""
        with socket.create_connection(("127.0.0.1", broker.port), timeout=PATIENCE_S) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as secured:
                secured.sendall(b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02hs")
                secured.recv(4)
                return secured.getpeercert()

    def log(self, broker):
        return broker.log_file.read_text(errors="replace")

    def said(self, broker, words):
        wait_for(lambda: words in self.log(broker), f"the log to say {words!r}")

    def words(self, certificate=None):
        words = ["--cafile", str(self.authority.pem)]
        return words + (["--cert", str(certificate[0]), "--key", str(certificate[1])] if certificate else [])


class Clients(TlsTest):
    def test_mosquitto_clients_speak_to_each_other(self):
        broker = self.tls_broker("client_ca: ca.pem, verify: required, identity: subject")
        words = self.words(self.pump)
        with harness.mosquitto_subscriber(broker, *words, "-t", "a/#", "-C", "1", "-q", "1") as process:
            harness.mosquitto_pub(broker, *words, "-t", "a/b", "-m", "secret", "-q", "1")
            self.assertIn("secret", process.communicate(timeout=PATIENCE_S)[0])
        self.said(broker, "user=\"CN=pump-7,O=Mortise\"")
        self.assertEqual(broker.stop(), 0)

    def test_a_megabyte_and_a_thousand_messages_arrive_in_order(self):
        broker = self.tls_broker()
        for version in VERSIONS:
            with self.subTest(version=version):
                reader = self.tls_client(broker, f"reader-{version}", version).connect()
                reader.subscribe("all/#", 1)
                writer = self.tls_client(broker, f"writer-{version}", version, five=True).connect()
                payload = os.urandom(1 << 20)
                writer.publish("all/large", payload, 1, wait=False)
                mids = [writer.publish("all/small", f"{i}", 1, wait=False) for i in range(1000)]
                end_at = len(mids) + 1

                def both(done, reader=reader, writer=writer):
                    reader.step(0.001)
                    writer.step(0.001)
                    return done()

                wait_for(lambda: both(lambda: len(reader.messages) >= end_at and len(writer.acknowledged) >= end_at),
                         "1,001 messages", 3 * PATIENCE_S)
                self.assertEqual(reader.messages[0].payload, payload)
                self.assertEqual([m.payload.decode() for m in reader.messages[1:]], [str(i) for i in range(1000)])
                self.said(broker, f"cipher=\"TLSv{version} ")
        self.assertEqual(broker.stop(), 0)

    def test_the_broker_says_goodbye_in_tls(self):
        broker = self.tls_broker()
        with socket.create_connection(("127.0.0.1", broker.port), timeout=PATIENCE_S) as plain:
            with self.context().wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as secured:
                secured.sendall(b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02by\xe0\x00")
                self.assertEqual(secured.recv(4), b"\x20\x02\x00\x00")
                self.assertEqual(secured.recv(4), b"")  # close_notify; without one, an exception

    def test_plain_clients_are_named_in_the_log_and_let_go(self):
        broker = self.tls_broker()
        with socket.create_connection(("127.0.0.1", broker.port), timeout=PATIENCE_S) as plain:
            plain.sendall(b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02hs")
            self.assertEqual(plain.recv(100), b"")
        self.said(broker, "plain MQTT on a TLS listener")

    def test_protocols_other_than_mqtt_are_refused(self):
        broker = self.tls_broker()
        context = self.context()
        context.set_alpn_protocols(["h2"])
        with self.assertRaisesRegex(ssl.SSLError, "no application protocol"):
            self.handshake(broker, context)
        self.said(broker, "other protocols")
        context.set_alpn_protocols(["mqtt"])
        self.handshake(broker, context)


class Identities(TlsTest):
    MUTUAL = "client_ca: ca.pem, verify: required, identity: common_name"

    def access(self, broker):
        (broker.folder / "access.yaml").write_text(
            "rules:\n  - {user: pump-7, may: [write], topics: [\"pump-7/#\"]}\n"
            "  - {client: reader, may: [read], topics: [\"#\"]}\n")

    def test_the_certificate_is_the_user_whatever_connect_says(self):
        broker = self.tls_broker(self.MUTUAL, "anonymous: deny", (ACCESS,), start=False)
        self.access(broker)
        broker.start()
        for version in VERSIONS:
            for name in (None, "somebody-else"):
                with self.subTest(version=version, name=name):
                    reader = self.tls_client(broker, "reader", version, self.pump).connect()
                    reader.subscribe("#", 1)
                    writer = self.tls_client(broker, "writer", version, self.pump, name, name and "x").connect()
                    writer.publish("pump-7/own", "yes", 1)
                    writer.publish("somebody-else/own", "no", 1)
                    reader.run_until(lambda: reader.messages, "the message")
                    self.assertEqual(reader.payloads(), ["yes"])
        self.assertIn("user=pump-7", self.log(broker))
        self.assertNotIn("user=somebody-else", self.log(broker))

    def test_without_a_certificate_or_with_a_wrong_one_nobody_gets_in(self):
        broker = self.tls_broker(self.MUTUAL)
        stranger = certificates.Authority(broker.folder, "stranger").issue("forged", "pump-7")
        for version in VERSIONS:
            with self.subTest(version=version):
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    self.handshake(broker, self.context(version))
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    self.handshake(broker, self.context(version, stranger))
        self.said(broker, "the client sent no certificate")
        self.said(broker, 'the certificate of "CN=pump-7,O=Mortise": unable to get local issuer certificate')
        self.assertEqual(self.log(broker).count("connected"), 0)

    def test_optional_certificates_leave_the_usual_rules_to_those_without(self):
        broker = self.tls_broker("client_ca: ca.pem, verify: optional, identity: san", "anonymous: deny")
        self.tls_client(broker, "with", None, self.pump).connect()
        self.tls_client(broker, "without").connect(expect=5)
        self.said(broker, "user=urn:pump:7")


class Reload(TlsTest):
    def test_a_new_certificate_is_for_new_connections_and_drops_nobody(self):
        broker = self.tls_broker()
        client = self.tls_client(broker, "stays").connect()
        client.subscribe("a", 1)
        self.authority.issue("next", "next.example")
        shutil.copy(broker.folder / "next.pem", broker.folder / "server.pem")
        shutil.copy(broker.folder / "next.key", broker.folder / "server.key")
        broker.process.send_signal(signal.SIGHUP)
        self.said(broker, 'new connections get the certificate of "CN=next.example,O=Mortise", good until 20')
        self.assertIn((("commonName", "next.example"),), self.handshake(broker, self.context())["subject"])
        client.publish("a", "still here", 1)
        client.run_until(lambda: client.messages, "the message")
        self.assertEqual(client.disconnected, 0)

    def test_a_bad_file_keeps_what_there_is(self):
        broker = self.tls_broker()
        self.authority.issue("next", "next.example")
        shutil.copy(broker.folder / "next.pem", broker.folder / "server.pem")
        broker.process.send_signal(signal.SIGHUP)
        self.said(broker, "is not the key of the first certificate in")
        self.said(broker, 'it goes on with the certificate of "CN=broker.example,O=Mortise"')
        self.assertIn((("commonName", "broker.example"),), self.handshake(broker, self.context())["subject"])

    def test_changed_files_are_taken_without_a_signal(self):
        broker = self.tls_broker()
        self.authority.issue("next", "next.example")
        for ending in ("pem", "key"):
            shutil.copy(broker.folder / f"next.{ending}", broker.folder / f"new.{ending}")
            os.replace(broker.folder / f"new.{ending}", broker.folder / f"server.{ending}")
        self.said(broker, 'new connections get the certificate of "CN=next.example,O=Mortise"')
        self.assertIn((("commonName", "next.example"),), self.handshake(broker, self.context())["subject"])

    def test_a_revoked_client_is_shut_out_by_the_new_list(self):
        broker = self.tls_broker("client_ca: ca.pem, verify: required, crl: ca.crl", start=False)
        self.authority.revoke()
        broker.start()
        self.handshake(broker, self.context(None, self.pump))
        self.authority.revoke(self.pump[0])
        broker.process.send_signal(signal.SIGHUP)
        self.said(broker, "new connections get")
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.handshake(broker, self.context(None, self.pump))
        self.said(broker, "certificate revoked")


class Check(TlsTest):
    def check(self, broker):
        done = subprocess.run([harness.PROGRAM, "check", "--config", str(broker.file), "--state-dir", str(broker.state),
                               "--plugin-path", harness.PLUGINS], capture_output=True, text=True, timeout=PATIENCE_S,
                              check=False)
        return done.returncode, done.stderr

    def test_files_are_read_and_their_faults_told_with_their_lines(self):
        broker = self.tls_broker("client_ca: nobody.pem, verify: required", start=False)
        self.authority.issue("next", "next.example")
        shutil.copy(broker.folder / "next.key", broker.folder / "server.key")
        code, said = self.check(broker)
        self.assertEqual(code, 2, said)
        self.assertRegex(said, r"mortise.yaml:\d+:\d+  listeners/0/tls/key: .*server.key\" is not the key of")
        self.assertRegex(said, r"mortise.yaml:\d+:\d+  listeners/0/tls/client_ca: .*nobody.pem\" is not there")
        self.assertIn("2 errors", said)

    def test_a_warning_stops_nothing(self):
        broker = self.tls_broker(start=False)
        (broker.folder / "server.key").chmod(0o644)
        code, said = self.check(broker)
        self.assertEqual(code, 0, said)
        self.assertIn("can be read by every user of this machine", said)


if __name__ == "__main__":
    unittest.main()
