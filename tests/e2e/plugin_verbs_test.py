"""Verbs of plugins in mortise ctl: what the store and the log can be asked, and plugins that take their time."""

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import unittest

import harness
from harness import PROGRAM, STORE, Broker, BrokerTest, mosquitto_pub, wait_for

TEST_PLUGINS = os.environ["MORTISE_TEST_PLUGINS"]


class VerbTest(BrokerTest):
    def words(self, broker, *words, as_json=True):
        return [PROGRAM, "ctl", "--state-dir", str(broker.state), *(["--json"] if as_json else []), *words]

    def ctl(self, broker, *words, code=0, as_json=True):
        """What ctl prints, read as JSON; of another exit code than 0 what it says."""
        done = subprocess.run(self.words(broker, *words, as_json=as_json), capture_output=True, text=True,
                              timeout=harness.PATIENCE_S, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        if code != 0:
            return done.stderr
        return json.loads(done.stdout) if as_json else done.stdout

    def raw(self, broker, request):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(harness.PATIENCE_S)
            peer.connect(str(broker.state / "control.sock"))
            peer.sendall(json.dumps(request).encode() + b"\n")
            text = b""
            while not text.endswith(b"\n"):
                more = peer.recv(65536)
                self.assertTrue(more, "the socket was closed")
                text += more
        return json.loads(text)


class Words(VerbTest):
    def test_are_listed_and_explained(self):
        broker = self.broker()
        verbs = {row["verb"]: row for row in self.ctl(broker, "help")}
        self.assertLessEqual({"status", "store health", "store backup", "log levels", "log level"}, set(verbs))
        self.assertEqual(verbs["store backup"]["words"], "FILE")
        self.assertEqual([row["verb"] for row in self.ctl(broker, "store")], ["health", "backup"])
        self.assertEqual([row["argument"] for row in self.ctl(broker, "log", "help", "level")],
                         ["category", "level", "for", "sink"])
        self.assertIn("CATEGORY LEVEL [for=10m] [sink=…]", self.ctl(broker, "log", as_json=False))

    def test_that_are_wrong_say_what_would_be_right(self):
        users = "{name: users, library: auth-file, config: {users: users.yaml}}"
        broker = self.broker(plugins=(STORE, users), start=False)
        (broker.folder / "users.yaml").write_text("users: []\n")
        broker.start()
        for words, said in ((("stroe",), "did you mean store?"),
                            (("users",), 'no plugin instance of that name with verbs'),
                            (("store", "bakcup"), "did you mean backup?"),
                            (("store", "backup"), "FILE is missing; write: mortise ctl store backup FILE"),
                            (("store", "backup", "/a", "/b"), 'no place for "/b"'),
                            (("store", "backup", "fiel=/a"), "did you mean file=?"),
                            (("store", "health", "check=perhaps"), "it must be true or false"),
                            (("store", "health", "--chekc"), "did you mean check=?"),
                            (("store", "health", "check=true", "within=soon"), "within: is not a time span"),
                            (("store", "health", "check=true", "within=2h"), "within: is not between 1s and 1h"),
                            (("log", "level", "auth", "loud"), "is none of debug"),
                            (("log", "level", "auth", "debug", "for=25h"), "for: is not between 1s and 24h"),
                            (("log", "client"), "CLIENT is missing"),
                            (("--wait=soon", "store", "health"), "--wait=soon is no time span")):
            self.assertIn(said, self.ctl(broker, *words, code=2), words)

    def test_that_are_garbage_are_answered(self):
        broker = self.broker()
        for more, kind in (({"words": ["health", "within=" + "[" * 20000]}, "wrong"),
                           ({"words": ["backup", "\u0000"]}, "wrong"),
                           ({"words": ["backup", f"{broker.folder}/a\u0000b"]}, "failed"), ({"words": ["backup", "x" * 5000]}, "wrong"),
                           ({"words": ["backup", {"a": 1}]}, "failed"), ({"words": [None]}, "wrong"),
                           ({"words": ["health"], "options": {"": "x"}}, "wrong"),
                           ({"words": ["health"], "wait_s": 0}, "wrong"), ({"words": ["health"], "wait_s": "x"}, "wrong"),
                           ({"words": ["health"], "wait_s": 1e99}, "wrong")):
            answer = self.raw(broker, {"verb": "store", **more})
            self.assertEqual((answer["ok"], answer.get("kind")), (False, kind), repr((more, answer))[:300])
        self.assertEqual(self.ctl(broker, "store", "health")["state"], "good")
        self.assertFalse((broker.folder / "a").exists())

    def test_of_an_instance_that_hides_behind_a_verb_of_the_broker(self):
        broker = self.broker(plugins=("{name: status, library: store-sqlite, config: {}}",))
        self.assertIn("loops", self.ctl(broker, "status"))
        wait_for(lambda: "cannot be asked for" in broker.log_file.read_text(), "the warning")


class Patience(VerbTest):
    def patient(self):
        return self.broker(plugins=(f"{{name: patient, library: {TEST_PLUGINS}/patient.so}}",))

    def test_ends_when_it_is_over_and_others_are_asked_meanwhile(self):
        broker = self.patient()
        waiting = subprocess.Popen(self.words(broker, "patient", "never"), stderr=subprocess.DEVNULL)  # for a minute
        self.addCleanup(waiting.wait)
        self.addCleanup(waiting.kill)
        self.assertEqual(self.ctl(broker, "status")["store"], "none")
        self.assertIsNone(waiting.poll(), "the status did not wait for the plugin")
        self.assertIn('plugin "patient" has not answered within 2s; it may still be at it',
                      self.ctl(broker, "--wait=2s", "patient", "never", code=1))

    def test_is_not_needed_for_a_plugin_that_holds_its_strand(self):
        broker = self.patient()
        with socket.socket(socket.AF_UNIX) as holding:
            holding.settimeout(harness.PATIENCE_S)
            holding.connect(str(broker.state / "control.sock"))
            ms = min(10_000, int(4000 * harness.SLOW))  # 10 s is the most it takes
            holding.sendall(b'{"verb": "patient", "words": ["hold", "ms=%d"]}\n' % ms)
            self.ctl(broker, "status")  # behind it
            self.assertIn("not answered within 1s", self.ctl(broker, "--wait=1s", "patient", "hold", "ms=0", code=1))
            self.assertEqual(json.loads(holding.recv(65536)), {"ok": True, "result": None})
        self.assertEqual(self.ctl(broker, "patient", "hold", "ms=1", as_json=False), "done\n")

    def test_of_a_broker_that_stops(self):
        broker = self.patient()
        waiting = subprocess.Popen(self.words(broker, "patient", "never"), stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)
        self.assertEqual(broker.stop(), 0)
        waiting.communicate(timeout=harness.PATIENCE_S)
        self.assertEqual(waiting.returncode, 1)

    def test_of_those_who_hang_up_costs_nobody_his_place(self):
        broker = self.patient()
        for _ in range(40):
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(str(broker.state / "control.sock"))
                peer.sendall(b'{"verb": "patient", "words": ["never"]}\n')
        self.assertEqual(self.ctl(broker, "status")["store"], "none")

    def test_nonsense_and_refusals(self):
        broker = self.patient()
        self.assertIn("fault of the plugin", self.ctl(broker, "patient", "nonsense", code=1))
        self.assertIn("not today; come tomorrow", self.ctl(broker, "patient", "refuse", code=1))
        faults = {row["plugin"]: row["faults"] for row in self.ctl(broker, "plugins")}
        self.assertEqual(faults["patient"], 1)


class Health(VerbTest):
    def test_tells_state_and_sizes(self):
        broker = self.broker()
        mosquitto_pub(broker, "-t", "a", "-m", "x" * 1000, "-q", "1", "-r")
        health = self.ctl(broker, "store", "health")
        self.assertEqual((health["state"], health["reason"]), ("good", ""))
        self.assertEqual(health["file"], str(broker.state / "mortise.db"))
        self.assertEqual(health["file_bytes"], (broker.state / "mortise.db").stat().st_size)
        self.assertGreater(health["wal_bytes"], 1000)
        self.assertGreater(health["pages"], health["free_pages"])
        self.assertNotIn("check", health)
        self.assertEqual(self.ctl(broker, "store", "health", "--check")["check"], "ok")
        self.assertIn("good", self.ctl(broker, "store", "health", as_json=False))


class Backup(VerbTest):
    def restored(self, copy):
        """A fresh broker that starts on a copy."""
        broker = Broker()
        self.addCleanup(broker.close)
        self.addCleanup(lambda: self.tell(broker))
        shutil.copy(copy, broker.state / "mortise.db")
        return broker.start()

    def test_under_load_has_every_session_message_and_retained_value(self):
        broker = self.broker(kernel="threads: 2")
        away = self.client(broker, "away", clean=False)
        away.connect()
        away.subscribe("load/#", 1)
        away.disconnect()
        for number in range(50):
            mosquitto_pub(broker, "-t", f"kept/{number}", "-m", f"value {number}", "-r", "-q", "1")
        publisher = self.client(broker, "publisher")
        publisher.connect()
        for number in range(300):
            publisher.publish(f"load/{number}", "x" * 500, 1, wait=number % 50 == 49)
        ended, sent = threading.Event(), [300]

        def publish():
            while not ended.is_set():
                publisher.publish(f"load/{sent[0]}", "x" * 500, 1)
                sent[0] += 1

        load = threading.Thread(target=publish)
        load.start()
        try:
            time.sleep(0.3)
            before = sent[0]
            copy = broker.folder / "copy.db"
            made = self.ctl(broker, "store", "backup", str(copy))
            after = sent[0]
            wait_for(lambda: sent[0] > after or not load.is_alive(), "publishing to go on")
        finally:
            ended.set()
            load.join()
        self.assertGreater(sent[0], after, "publishing went on")
        self.assertEqual((made["file"], made["bytes"]), (str(copy), copy.stat().st_size))
        self.assertEqual(sorted(file.name for file in broker.folder.glob("copy*")), ["copy.db"])
        self.assertEqual(copy.stat().st_mode & 0o777, 0o640)
        self.assertEqual(broker.stop(), 0)

        again = self.restored(copy)
        self.assertEqual(self.ctl(again, "store", "health", "check=true")["check"], "ok")
        self.assertEqual(len(self.ctl(again, "retained", "kept/#")), 50)
        client = self.client(again, "away", clean=False)
        client.connect()
        self.assertTrue(client.session_present)
        client.run_until(lambda: len(client.messages) >= before, "the queued messages")
        client.run_for(0.5)
        numbers = [int(message.topic.split("/")[1]) for message in client.messages]
        self.assertEqual(numbers, list(range(len(numbers))), "in order and without a gap")
        self.assertLessEqual(len(numbers), after + 1, "nothing from after its end")
        log = broker.log_file.read_text() if broker.log_file.exists() else ""
        self.assertNotIn("grows beyond its limit", log)

    def test_replaces_nothing_and_names_what_is_in_the_way(self):
        broker = self.broker()
        folder = broker.folder
        there, link, dangling = folder / "there.db", folder / "link.db", folder / "dangling.db"
        there.write_text("somebody's")
        link.symlink_to(broker.state / "mortise.db")
        dangling.symlink_to(folder / "nowhere")
        (folder / "half.db.part").write_text("somebody's, too")
        inside = folder / "inside"
        inside.symlink_to(broker.state)
        for target, said in ((there, "is there already, and a backup replaces nothing"),
                             (dangling, "is there already"),
                             (link, "is a file of the store itself"),
                             (broker.state / "mortise.db", "is a file of the store itself"),
                             (broker.state / "mortise.db.new", "is a file of the store itself"),
                             (inside / "mortise.db-journal", "is a file of the store itself"),
                             (folder, "is a folder"), (f"{folder}/new/", "is a folder"),
                             (folder / "half.db", "half.db.part is there"),
                             (folder / "none" / "a.db", "there is no such folder"),
                             ("copy.db", "is a relative path"), ("./copy.db", "is a relative path"),
                             ("/proc/a.db", "cannot be made")):
            told = self.ctl(broker, "store", "backup", str(target), code=1)
            self.assertRegex(told, rf"(?s){re.escape(said)}.*; \w.*\w", target)
        self.assertEqual(there.read_text() + (folder / "half.db.part").read_text(), "somebody'ssomebody's, too")
        self.assertFalse(list(broker.state.glob("*.part")))
        self.assertEqual(self.ctl(broker, "store", "health")["state"], "good")

    def test_is_in_the_log(self):
        broker = self.broker(start=False)
        broker.log_entry = ("{name: log, library: log, config: {sinks: [{type: file, path: mortise.log}, "
                            "{type: file, path: audit.log, format: json, audit: true}]}}")
        broker.configure("threads: 1")
        broker.start()
        copy = str(broker.folder / "copy.db")
        self.ctl(broker, "store", "backup", copy)
        self.ctl(broker, "store", "backup", copy, code=1)
        wait_for(lambda: (broker.state / "audit.log").read_text().count("plugin.verb") == 2, "both in the audit")
        lines = [json.loads(line) for line in (broker.state / "audit.log").read_text().splitlines()]
        made = next(line for line in lines if line["event"] == "store.backed_up")
        self.assertEqual((made["path"], made["by"]), (copy, f"uid {os.geteuid()}"))
        asked = [(line["plugin"], line["verb"], line["outcome"], line["by"]) for line in lines
                 if line["event"] == "plugin.verb"]
        self.assertEqual(asked, [("store", "backup", outcome, f"uid {os.geteuid()}") for outcome in ("done", "failed")])


class Log(VerbTest):
    def listening(self):
        broker = self.broker(start=False, plugins=())
        broker.log_entry = ("{name: log, library: log, config: {sinks: [{type: file, path: mortise.log, level: warning}, "
                            "{type: file, path: audit.log, format: json, audit: true}]}}")
        broker.configure("threads: 2")
        return broker.start()

    def subscribe(self, broker, name):
        client = self.client(broker, name)
        client.connect()
        client.subscribe("a/#", 1)
        return client

    def test_level_holds_for_its_time_and_no_longer(self):
        broker = self.listening()
        text = lambda: broker.log_file.read_text()
        self.subscribe(broker, "before")
        seconds = int(5 * harness.SLOW)
        self.assertEqual(self.ctl(broker, "log", "level", "clients", "debug", f"for={seconds}s"),
                         {"category": "clients", "level": "debug", "sink": "all", "ends_in_s": seconds})
        level = lambda: [row for row in self.ctl(broker, "log", "levels") if row["category"] == "clients"]
        self.assertEqual([(row["level"], row["sink"]) for row in level()], [("debug", 1)])
        self.subscribe(broker, "during")
        wait_for(lambda: "subscribed  filter=a/# client=during" in text(), "the debug line")
        wait_for(lambda: not level(), "the end of it", harness.PATIENCE_S + seconds)
        self.subscribe(broker, "after")
        wait_for(lambda: "log.level_restored" in (broker.state / "audit.log").read_text(), "its end in the audit")
        self.assertNotIn("client=before", text())
        self.assertNotIn("client=after", text())
        lines = [json.loads(line) for line in (broker.state / "audit.log").read_text().splitlines()]
        changed = next(line for line in lines if line["event"] == "log.level_changed")
        self.assertEqual((changed["of"], changed["to"], changed["seconds"]), ("clients", "debug", seconds))
        self.assertEqual(next(line["reason"] for line in lines if line["event"] == "log.level_restored"),
                         "its time is over")

    def test_client_has_every_line_of_one_client_and_none_of_another(self):
        broker = self.listening()
        self.ctl(broker, "log", "client", "pump-7", "for=1m")
        pump, other = self.subscribe(broker, "pump-7"), self.subscribe(broker, "pump-8")
        pump.publish("plant/7", "seven", 1)
        other.publish("plant/8", "eight", 1)
        text = lambda: broker.log_file.read_text()
        wait_for(lambda: 'topic=plant/7' in text(), "the message's line")
        self.assertIn("connected  client=pump-7", text())
        self.assertIn("subscribed  filter=a/# client=pump-7", text())
        self.assertNotIn("pump-8", text())
        self.assertEqual(self.ctl(broker, "log", "reset"), {"ended": 1})
        pump.publish("plant/later", "seven", 1)
        mosquitto_pub(broker, "-t", "x", "-m", "y", "-q", "1")
        self.assertEqual(broker.stop(), 0)
        self.assertNotIn("plant/later", text())


if __name__ == "__main__":
    unittest.main()
