"""Keys in place of certificates (TLS PSK) as their users see it: real clients, both versions, files that change."""

import secrets
import signal
import subprocess
import unittest

import certificates
import harness
from harness import PATIENCE_S, wait_for

KEYS = "{name: keys, library: auth-file, config: {psk: psk.yaml}}"
KEYS_AND_RULES = "{name: keys, library: auth-file, config: {psk: psk.yaml, access: access.yaml}}"
VERSIONS = ("tlsv1.2", "tlsv1.3")


class PskTest(harness.BrokerTest):
    def psk_broker(self, tls="psk: {identity: username}", listener="", plugins=(KEYS,), start=True):
        broker = self.broker(start=False, plugins=plugins, log="info")
        self.keys = {"pump-7": secrets.token_hex(32), "panel-2": secrets.token_hex(16)}
        harness.key_file(broker.folder / "psk.yaml", self.keys)
        self.authority = certificates.Authority(broker.folder)
        self.authority.issue("server", "broker.example")
        broker.listener = f"{listener and listener + ', '}tls: {{{tls}}}"
        broker.configure("threads: 1")
        return broker.start() if start else broker

    def words(self, identity="pump-7", key=None, version="tlsv1.3"):
        return ["--psk-identity", identity, "--psk", key or self.keys[identity], "--tls-version", version]

    def publishes(self, broker, *words):
        """Whether mosquitto_pub got a message acknowledged."""
        done = subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), *words, "-t", "a", "-m", "x",
                               "-q", "1"], timeout=PATIENCE_S, capture_output=True, check=False)
        return done.returncode == 0

    def log(self, broker):
        return broker.log_file.read_text(errors="replace")

    def said(self, broker, words):
        wait_for(lambda: words in self.log(broker), f"the log to say {words!r}")

    def reload(self, broker, words):
        broker.process.send_signal(signal.SIGHUP)
        self.said(broker, words)

    def check_no_key_is_told(self, broker):
        for key in self.keys.values():
            self.assertNotIn(key, self.log(broker) + broker.said())


class Clients(PskTest):
    def test_mosquitto_clients_speak_to_each_other_and_go_by_their_identity(self):
        broker = self.psk_broker()
        for version in VERSIONS:
            with self.subTest(version=version), harness.mosquitto_subscriber(
                    broker, *self.words("panel-2", version=version), "-t", "a/#", "-C", "1", "-q", "1") as process:
                harness.mosquitto_pub(broker, *self.words(version=version), "-t", "a/b", "-m", "secret", "-q", "1")
                self.assertIn("secret", process.communicate(timeout=PATIENCE_S)[0])
        for name in self.keys:
            self.said(broker, f"user={name}")
        self.check_no_key_is_told(broker)
        self.assertEqual(broker.stop(), 0)

    def test_wrong_keys_and_unknown_identities_stay_outside_and_the_log_tells_them_apart(self):
        broker = self.psk_broker()
        for version in VERSIONS:
            with self.subTest(version=version):
                self.assertFalse(self.publishes(broker, *self.words(key="00" * 32, version=version)))
                self.assertFalse(self.publishes(broker, *self.words("pump-9", "00" * 32, version=version)))
        self.said(broker, "the client's key is not the one of its identity")
        self.said(broker, "no plugin has a key of the identity")
        self.assertTrue(self.publishes(broker, *self.words()))
        self.check_no_key_is_told(broker)

    def test_an_identity_is_no_user_name_unless_the_listener_says_so(self):
        broker = self.psk_broker("psk: {}")
        self.assertFalse(self.publishes(broker, *self.words()), "anonymous: deny")
        broker = self.psk_broker("psk: {}", "anonymous: allow")
        self.assertTrue(self.publishes(broker, *self.words()))

    def test_rules_know_a_client_by_its_identity(self):
        broker = self.psk_broker(plugins=(KEYS_AND_RULES,), start=False)
        (broker.folder / "access.yaml").write_text("rules: [{user: pump-7, may: [write], topics: [\"pumps/%u\"]}]\n")
        broker.start()
        harness.mosquitto_pub(broker, *self.words(), "-t", "pumps/pump-7", "-m", "x", "-q", "1")
        harness.mosquitto_pub(broker, *self.words("panel-2"), "-t", "pumps/pump-7", "-m", "x", "-q", "1")
        self.said(broker, "has no rule that lets user panel-2")

    def test_beside_a_certificate_each_client_uses_what_it_has(self):
        broker = self.psk_broker("certificate: server.pem, key: server.key, psk: {identity: username}", "anonymous: allow")
        for version in VERSIONS:
            with self.subTest(version=version):
                self.assertTrue(self.publishes(broker, *self.words(version=version)))
                self.assertTrue(self.publishes(broker, "--cafile", str(self.authority.pem), "--tls-version", version,
                                               "--insecure"))
        self.said(broker, "user=pump-7")


class Files(PskTest):
    def test_sighup_reads_the_keys_again_and_keeps_the_old_ones_when_they_are_wrong(self):
        broker = self.psk_broker()
        file = broker.folder / "psk.yaml"
        self.assertTrue(self.publishes(broker, *self.words()))
        old = self.keys["pump-7"]
        harness.key_file(file, self.keys | {"pump-7": "11" * 32, "pump-8": "22" * 32})
        self.reload(broker, "plugins read their files again")
        self.assertTrue(self.publishes(broker, *self.words(key="11" * 32)))
        self.assertTrue(self.publishes(broker, *self.words("pump-8", "22" * 32)))
        self.assertFalse(self.publishes(broker, *self.words(key=old)))
        harness.key_file(file, {"pump-7": "33"})
        self.reload(broker, "a key of 1 bytes can be guessed")
        self.assertTrue(self.publishes(broker, *self.words(key="11" * 32)))
        harness.key_file(file, self.keys).chmod(0o644)
        self.reload(broker, "can be read by every user of this machine")
        self.assertTrue(self.publishes(broker, *self.words(key="11" * 32)))

    def test_clients_come_and_go_while_keys_change(self):
        broker = self.psk_broker()
        file = broker.folder / "psk.yaml"
        clients = [subprocess.Popen(
            ["sh", "-c", 'for i in $(seq 40); do mosquitto_pub "$@" || exit 1; done', "sh", "-h", "127.0.0.1", "-p",
             str(broker.port), *self.words(version=version), "-i", f"busy-{version}", "-t", "a", "-m", "x", "-q", "1"])
            for version in VERSIONS]
        reloads = 0
        while any(client.poll() is None for client in clients) and reloads < 1000:
            harness.key_file(file, self.keys | {f"more-{reloads}": "44" * 32})
            reloads += 1
            broker.process.send_signal(signal.SIGHUP)
            self.said(broker, "plugins read their files again")
        self.assertEqual([client.wait(PATIENCE_S) for client in clients], [0, 0])
        print(f"{reloads} reloads while 80 clients came and went")
        self.assertEqual(broker.stop(), 0)


class Start(PskTest):
    def run_verb(self, broker, verb):
        done = subprocess.run(broker.command(verb), capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_a_listener_whose_keys_nobody_provides_is_an_error(self):
        broker = self.psk_broker(plugins=(), start=False)
        for verb in ("check", "run"):
            code, said = self.run_verb(broker, verb)
            self.assertNotEqual(code, 0)
            self.assertIn('tls/psk: no plugin provides keys for listener "local"; add one that does, such as auth-file', said)

    def test_one_whose_plugin_has_no_file_of_keys_does_not_start(self):
        broker = self.psk_broker(plugins=("{name: keys, library: auth-file, config: {access: access.yaml}}",), start=False)
        (broker.folder / "access.yaml").write_text("rules: []\n")
        code, said = self.run_verb(broker, "run")
        self.assertNotEqual(code, 0)
        self.assertIn('tls/psk: no plugin provides keys for listener "local"; add one that does, such as auth-file', said)

    def test_one_that_lists_other_plugins_is_an_error(self):
        broker = self.psk_broker(listener="authenticate: [log]", start=False)
        code, said = self.run_verb(broker, "check")
        self.assertNotEqual(code, 0)
        self.assertIn('no plugin that listener "local" lists in authenticate provides keys', said)


if __name__ == "__main__":
    unittest.main()
