"""mortise ctl on a running broker: what an operator asks, what he ends, and what the control socket makes of garbage."""

import json
import os
import socket
import stat
import subprocess
import unittest

import harness
from harness import PROGRAM, STORE, BrokerTest, mosquitto_pub, wait_for


class CtlTest(BrokerTest):
    def ctl(self, broker, *words, code=0, as_json=True, **more):
        """What ctl prints, read as JSON; of another exit code than 0 what it says."""
        done = subprocess.run([PROGRAM, "ctl", "--state-dir", str(broker.state), *(["--json"] if as_json else []), *words],
                              capture_output=True, text=True, timeout=harness.PATIENCE_S, check=False, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        if code != 0:
            return done.stderr
        return json.loads(done.stdout) if as_json else done.stdout

    def path(self, broker):
        return str(broker.state / "control.sock")

    def raw(self, broker, data, answers=1):
        """What the socket answers to these bytes, line by line, until it ends or so many lines are there."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(harness.PATIENCE_S)
            peer.connect(self.path(broker))
            peer.sendall(data)
            text = b""
            while text.count(b"\n") < answers:
                more = peer.recv(65536)
                if not more:
                    break
                text += more
        return [json.loads(line) for line in text.splitlines()]


class Asks(CtlTest):
    def test_what_the_broker_does(self):
        broker = self.broker(kernel="threads: 3")
        subscriber = self.client(broker, "reader")
        subscriber.connect()
        subscriber.subscribe("a/#", 1)
        mosquitto_pub(broker, "-t", "a/b", "-m", "x", "-q", "1", "-r")
        subscriber.run_until(lambda: subscriber.messages, "the message")
        wait_for(lambda: self.ctl(broker, "status")["sessions"] == 1, "the publisher to be gone")
        status = self.ctl(broker, "status")
        self.assertEqual((status["loops"], status["sessions"], status["subscriptions"], status["retained"]), (3, 1, 1, 1))
        self.assertEqual((status["published"], status["store"], status["pid"]), (1, "good", broker.process.pid))
        wait_for(lambda: self.ctl(broker, "status")["delivered"] == 1, "the acknowledgement to be counted")
        text = self.ctl(broker, "status", as_json=False)
        self.assertIn(f"127.0.0.1:{broker.port}", text)

    def test_clients_are_filtered_and_sorted(self):
        broker = self.broker(kernel="threads: 3")
        here = [self.client(broker, f"here-{number}") for number in range(3)]
        for client in here:
            client.connect()
        away = self.client(broker, "away-1", clean=False)
        away.connect()
        away.subscribe("q/#", 1)
        away.subscribe("$share/g/r", 1)
        away.disconnect()
        for number in range(5):
            mosquitto_pub(broker, "-t", f"q/{number}", "-m", "0123456789", "-q", "1")
        names = lambda *words: [row["client"] for row in self.ctl(broker, "clients", *words)]
        wait_for(lambda: names() == ["away-1", "here-0", "here-1", "here-2"], "the publishers to be gone")
        self.assertEqual(names("--connected"), ["here-0", "here-1", "here-2"])
        self.assertEqual(names("--away"), ["away-1"])
        self.assertEqual(names("--id=here-1"), ["here-1"])
        self.assertEqual(names("--sort=queued")[0], "away-1")
        here[1].subscribe("away/#", 1)
        mosquitto_pub(broker, "-t", "q/late", "-m", "x", "-q", "1")
        wait_for(lambda: len(names()) == 4, "the publisher to be gone")
        self.assertEqual(names("--sort=oldest"), ["away-1", "here-0", "here-1", "here-2"])  # three have no queue
        self.assertEqual(names("--sort=subscriptions")[:2], ["away-1", "here-1"])
        self.assertEqual(names("--limit=2"), ["away-1", "here-0"])
        one = self.ctl(broker, "client", "away-1")
        self.assertEqual((one["queued"], one["queued_bytes"], one["connected"], one["stored"]), (6, 72, False, True))
        self.assertIn("ends", one)
        filters = {row["filter"]: row["qos"] for row in self.ctl(broker, "subscriptions", "away-1")}
        self.assertEqual(filters, {"q/#": 1, "$share/g/r": 1})

    def test_more_sessions_than_are_read_in_a_turn(self):
        """A turn reads 500 of them, and 1,000 are shown without --limit."""
        broker = self.broker(kernel="threads: 1", plugins=())
        for number in range(1050):
            with socket.create_connection(("127.0.0.1", broker.port), timeout=harness.PATIENCE_S) as peer:
                peer.sendall(bytes.fromhex("101100044d515454040000000005") + f"c{number:04}".encode())
                self.assertEqual(peer.recv(4), bytes.fromhex("20020000"))
        rows = self.ctl(broker, "clients", "--limit=5000")
        self.assertEqual([row["client"] for row in rows], [f"c{number:04}" for number in range(1050)])
        shown = subprocess.run([PROGRAM, "ctl", "--state-dir", str(broker.state), "--json", "clients"],
                               capture_output=True, text=True, timeout=harness.PATIENCE_S, check=True)
        self.assertEqual(len(json.loads(shown.stdout)), 1000)
        self.assertEqual(shown.stderr, "mortise ctl: 50 more are left out; --limit=N shows more\n")

    def test_kick_ends_a_connection_and_a_session_if_asked_to(self):
        broker = self.broker()
        client = self.client(broker, "victim", clean=False)
        client.connect()
        client.subscribe("a", 1)
        self.assertEqual(self.ctl(broker, "kick", "victim"), {"client": "victim", "session": "stays"})
        client.run_until(lambda: client.disconnected, "the end of the connection")
        self.assertFalse(self.ctl(broker, "client", "victim")["connected"])
        self.assertEqual(self.ctl(broker, "kick", "victim", "--end-session"), {"client": "victim", "session": "ended"})
        self.assertIn("no session", self.ctl(broker, "client", "victim", code=1))
        again = self.client(broker, "victim", clean=False)
        again.connect()
        self.assertFalse(again.session_present)

    def test_kick_sends_the_will_unless_told_not_to(self):
        broker = self.broker()
        watcher = self.client(broker)
        watcher.connect()
        watcher.subscribe("will/#")
        for name, words in (("one", ()), ("two", ("--no-will",)), ("three", ("--end-session",))):
            client = self.client(broker, name)
            client.paho.will_set(f"will/{name}", "gone")
            client.connect()
            self.ctl(broker, "kick", name, *words)
        watcher.run_until(lambda: len(watcher.messages) >= 2, "the wills")
        watcher.run_for(0.2)
        self.assertEqual([message.topic for message in watcher.messages], ["will/one", "will/three"])

    def test_retained_messages(self):
        broker = self.broker()
        for topic in ("a/1", "a/2", "b/1"):
            mosquitto_pub(broker, "-t", topic, "-m", f"value of {topic}", "-r", "-q", "1")
        self.assertEqual([row["topic"] for row in self.ctl(broker, "retained")], ["a/1", "a/2", "b/1"])
        self.assertEqual(self.ctl(broker, "retained", "a/#", "--count"),
                         {"filter": "a/#", "messages": 2, "payload_bytes": 24})
        rows = self.ctl(broker, "retained", "a/+", "--payload", "--limit=1")
        self.assertEqual([(row["topic"], row["payload"], row["bytes"]) for row in rows], [("a/1", "value of a/1", 12)])

    def test_what_hooks_are_asked(self):
        broker = self.broker(plugins=("{name: access, library: auth-file, config: {access: access.yaml}}",), start=False)
        (broker.folder / "access.yaml").write_text("rules: [{group: anonymous, may: [write, read], topics: ['#']}]\n")
        broker.configure("threads: 2")
        broker.start()
        client = self.client(broker).connect()
        client.subscribe("elsewhere")
        for number in range(200):
            client.publish("a", str(number), 1)
        one = self.ctl(broker, "plugin", "access")
        hooks = one["hooks"]
        self.assertEqual((hooks["authorise_publish"]["calls"], hooks["authorise_subscribe"]["calls"]), (200, 1))
        self.assertGreater(hooks["authorise_publish"]["mean_us"], 0)
        self.assertEqual(one["calls"], sum(hook["calls"] for hook in hooks.values()))
        row = next(row for row in self.ctl(broker, "plugins") if row["plugin"] == "access")
        self.assertEqual({key: row[key] for key in ("calls", "slow", "deferred", "late_answers", "faults", "message_bytes")},
                         {"calls": one["calls"], "slow": 0, "deferred": 0, "late_answers": 0, "faults": 0,
                          "message_bytes": 0})
        self.assertIn("authorise_publish", self.ctl(broker, "plugin", "access", as_json=False))
        self.assertIn("mortise ctl plugins", self.ctl(broker, "plugin", "nobody", code=1))

    def test_bridges_are_what_is_said_in_the_name_of_plugins_that_run(self):
        broker = self.broker()
        forger = self.client(broker, "forger").connect()
        for name in ("store/up", "gone/up"):
            forger.publish(f"$SYS/broker/bridge/{name}", '{"state": "connected"}', 1, retain=True)
        self.assertEqual(len(self.ctl(broker, "retained", "$SYS/broker/bridge/#")), 2)
        self.assertEqual(self.ctl(broker, "bridges"), [])

    def test_plugins_and_files(self):
        broker = self.broker(plugins=(STORE, "{name: users, library: auth-file, config: {users: users.yaml}}"), start=False)
        (broker.folder / "users.yaml").write_text("users: []\n")
        broker.log_entry = harness.LOG % ("info", "")
        broker.configure("threads: 1")
        broker.start()
        states = {row["plugin"]: row["state"] for row in self.ctl(broker, "plugins")}
        self.assertEqual(states, {"log": "running", "store": "running", "users": "running"})
        text = self.ctl(broker, "plugin", "users", as_json=False)
        self.assertRegex(text, r"(?m)^state +running$")
        self.assertRegex(text, r"\n\nhooks +calls +mean_us +slow +deferred\nauthenticate +0 +- +0 +0\n")
        self.assertEqual(self.ctl(broker, "reload-files"), {"taken": ['plugin "log"', 'plugin "users"'], "warnings": []})
        wait_for(lambda: "plugins read their files again" in broker.log_file.read_text(), "the reload in the log")
        (broker.folder / "users.yaml").write_text("users: none\n")
        told = self.ctl(broker, "reload-files", code=1)
        self.assertIn('what was in force before stays so for plugin "users"; mend them and try again', told)
        self.assertIn(f"\n  {broker.folder}/users.yaml:1:8  plugin \"users\": users: must be a list", told)
        self.assertIn('\n  taken were those of plugin "log"\n', told)

    def test_help_names_every_verb(self):
        verbs = {row["verb"] for row in self.ctl(self.broker(), "help")}
        self.assertEqual({verb for verb in verbs if " " not in verb},
                         {"help", "status", "clients", "client", "subscriptions", "kick", "retained", "plugins", "plugin",
                          "bridges", "reload", "reload-files"})
        self.assertEqual({verb.split()[0] for verb in verbs if " " in verb}, {"log", "store"})

    def test_help_of_one_verb_or_instance(self):
        broker = self.broker()
        verbs = lambda *words: [row["verb"] for row in self.ctl(broker, "help", *words)]
        self.assertEqual(verbs("reload"), ["reload"])
        self.assertEqual(verbs("store", "backup"), ["store backup"])
        self.assertLessEqual({"store health", "store backup"}, {*verbs("store")})
        self.assertEqual(verbs("help"), ["help"])
        self.assertIn("did you mean reload?", self.ctl(broker, "help", "relaod", code=2))
        self.assertIn('there is no verb "store bakup"; did you mean store backup?', self.ctl(broker, "help", "store", "bakup", code=2))


class Mistakes(CtlTest):
    def test_a_wrong_command_says_what_would_be_right(self):
        broker = self.broker()
        for words, code, said in ((("statsu",), 2, "did you mean status?"),
                                  (("clients", "--usr=x"), 2, "did you mean --user?"),
                                  (("clients", "--limit=many"), 2, "not a whole number"),
                                  (("clients", "x"), 2, "takes no words"),
                                  (("clients", "--limit", "5"), 2, "write --limit=5"),
                                  (("clients", "--limit"), 2, "--limit has no value"),
                                  (("clients", "--away=yes"), 2, "write --away alone"),
                                  (("plugin",), 2, "mortise ctl plugins lists them"),
                                  (("client",), 2, "one client identifier is needed"),
                                  (("client", "nobody"), 1, "mortise ctl clients lists"),
                                  (("kick", "nobody"), 1, "mortise ctl clients lists"),
                                  (("subscriptions", "nobody"), 1, "mortise ctl clients lists"),
                                  (("kick", "a", "b"), 2, "one client identifier is needed, and 2 are there"),
                                  (("retained", "a", "b"), 2, "2 topic filters are there, and one is taken"),
                                  (("retained", "a/#/b"), 2, "not a topic filter")):
            self.assertIn(said, self.ctl(broker, *words, code=code), words)
        done = subprocess.run([PROGRAM, "ctl"], capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual((done.returncode, "mortise ctl --help" in done.stderr), (2, True))
        for words, said in ((("--state-dir", "x", "ctl", "status"), "a command comes before its options"),
                            (("check", "mortise.yaml"), "check takes no words; the configuration is named by --config FILE")):
            done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual((done.returncode, said in done.stderr), (2, True), done.stderr)
        client = self.client(broker, "x")
        client.connect()
        self.assertIn("sort by one of client", self.ctl(broker, "clients", "--sort=colour", code=2))

    def test_a_broker_that_does_not_run_is_told_from_one_that_may_not_be_asked(self):
        broker = self.broker()
        broker.kill()
        self.assertIn("does the broker run", self.ctl(broker, "status", code=1))
        broker.start()  # the file a killed one left is no hindrance
        self.assertEqual(self.ctl(broker, "status")["store"], "good")
        broker.stop()
        self.assertFalse(os.path.exists(self.path(broker)))

    def test_only_its_user_and_root_are_answered(self):
        broker = self.broker()
        self.assertEqual(stat.S_IMODE(os.stat(self.path(broker)).st_mode), 0o600)
        if os.geteuid() != 0:
            self.skipTest("only root can ask as somebody else")
        for folder in (broker.folder, broker.state):
            folder.chmod(0o755)
        self.assertIn("ask as root", self.ctl(broker, "status", code=1, user=65534))
        os.chmod(self.path(broker), 0o666)  # and if the file lets him
        self.assertIn("its own user and root only", self.ctl(broker, "status", code=1, user=65534))


class Garbage(CtlTest):
    def test_is_told_that_it_is_none(self):
        broker = self.broker()
        for line in (b"hello\n", b"\n", b"[]\n", b'{"verb": 7}\n', b'{"verb": "status"\n', b"\xff\xfe\x00\n",
                     b'{"verb": "status", "options": [1]}\n', b'{"verb": "clients", "words": 5}\n',
                     b'{"verb": "kick", "words": [{"a": 1}]}\n', b'{"verb": "kick", "words": ["\xff"]}\n',
                     b"[" * 60000 + b"\n", b'{"verb": "clients", "words": [' + b"[" * 30000 + b"]" * 30000 + b"]}\n"):
            answers = self.raw(broker, line)
            self.assertEqual([answer["ok"] for answer in answers], [False], line[:40])
            self.assertTrue(answers[0]["error"] and answers[0]["remedy"], line[:40])
        self.assertEqual(self.ctl(broker, "status")["store"], "good")

    def test_without_an_end_is_cut_off(self):
        broker = self.broker()
        too_long = self.raw(broker, b"x" * 70_000)[0]
        self.assertIn("longer than 64 KiB", too_long["error"])
        self.assertEqual(too_long["kind"], "wrong")

    def test_many_requests_at_once_are_answered_in_turn(self):
        broker = self.broker()
        answers = self.raw(broker, b'{"verb": "help"}\n{"verb": "nothing"}\n{"verb": "status"}\n', answers=3)
        self.assertEqual([answer["ok"] for answer in answers], [True, False, True])

    def test_peers_that_say_nothing_keep_nobody_out_for_long(self):
        broker = self.broker()
        silent = []
        for _ in range(15):
            peer = socket.socket(socket.AF_UNIX)
            self.addCleanup(peer.close)
            peer.connect(self.path(broker))
            peer.sendall(b'{"verb": ')
            silent.append(peer)
        self.assertEqual(self.ctl(broker, "status")["store"], "good")
        self.assertEqual(broker.stop(), 0)


if __name__ == "__main__":
    unittest.main()
