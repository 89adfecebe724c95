"""The broker's own log: files that are rotated under load and through kills, and disks without room."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import unittest

import harness
from harness import BrokerTest, wait_for

ROUNDS = int(os.environ.get("MORTISE_KILL_ROUNDS", "8"))
SIZE = 64 * 1024
ROTATED = ", rotate: {size: 64KiB, keep: %d}, categories: {messages: info}"
SAID = re.compile(r"^\d{4}-\d\d-\d\d [\d:.]{12} \w+ +messages publish  .*topic=r/(\d+)/(\d+) ")


class Log(BrokerTest):
    def rotating(self, keep):
        broker = self.broker(start=False, plugins=())
        broker.log_entry = harness.LOG % ("warning", ROTATED % keep)
        broker.configure("threads: 1")
        return broker

    def files(self, broker):
        """Those that were rotated, oldest first, and the one that is written to."""
        current = [broker.log_file] if broker.log_file.exists() else []
        return sorted(broker.state.glob("mortise.log.[0-9]*")) + current

    def lines(self, broker):
        return [line for file in self.files(broker) for line in file.read_text().splitlines()]

    def has_line(self, broker, what):
        """Whether one of the two youngest files has it; one may get another name while it is looked for."""
        try:
            return any(what in file.read_text() for file in self.files(broker)[-2:])
        except FileNotFoundError:
            return False

    def publish(self, broker, run, count, ended=lambda: False):
        """Messages r/RUN/0 and so on, each of which is a line of the log; a hundred are under way at most.

        Now and then it waits for the log, so that a machine with little time to spare loses no line in the ring.
        """
        client = self.client(broker, f"publisher-{run}").connect()
        for number in range(count):
            client.publish(f"r/{run}/{number}", "x" * 64, 1, wait=False)
            if number % 100 == 99:
                client.run_until(lambda: len(client.acknowledged) > number - 100 or ended(), "acknowledgements")
            if ended() or not client.connected:
                return number + 1
            if number % 1000 == 999:
                wait_for(lambda: ended() or self.has_line(broker, f"topic=r/{run}/{number} "), "the line of a message")
        client.run_until(lambda: len(client.acknowledged) == count or ended(), "all acknowledgements")
        return count

    def check_numbers(self, broker, whole):
        """Each run's lines are there from the first on without a gap, in order; as many as `whole` says, if it does."""
        seen = {}
        for line in self.lines(broker):
            self.assertNotIn("suppressed", line)
            if " messages publish " not in line:
                continue
            match = SAID.match(line)
            self.assertIsNotNone(match, f"a torn line: {line!r}")
            run, number = map(int, match.groups())
            self.assertEqual(number, seen.get(run, 0), f"of run {run}: a line is missing, twice there or out of order")
            seen[run] = number + 1
        for run, count in whole.items():
            self.assertEqual(seen.get(run), count)
        return seen

    def test_no_line_is_lost_under_load(self):
        broker = self.rotating(keep=1000).start()
        self.publish(broker, 0, 10_000)
        self.assertEqual(broker.stop(), 0)
        self.check_numbers(broker, {0: 10_000})
        self.assertGreater(len(self.files(broker)), 10)
        for file in self.files(broker):
            self.assertLessEqual(file.stat().st_size, SIZE)

    def test_all_files_together_have_a_bound(self):
        broker = self.rotating(keep=2).start()
        self.publish(broker, 0, 6_000)
        self.assertEqual(broker.stop(), 0)
        files = self.files(broker)
        self.assertEqual(len(files), 3)
        self.assertLessEqual(sum(file.stat().st_size for file in files), 3 * SIZE)
        numbers = [int(SAID.match(line)[2]) for line in self.lines(broker)]
        self.assertEqual(numbers, list(range(numbers[0], 6_000)), "the youngest are kept")

    def test_a_kill_at_any_moment_leaves_no_gap(self):
        chance = harness.seeded()
        broker = self.rotating(keep=1000)
        for run in range(ROUNDS):
            broker.start()
            before = len(self.files(broker))
            rotations = chance.randrange(1, 4)  # the kill is near one, and a few messages beyond

            def killed():
                if broker.process.poll() is None and len(self.files(broker)) >= before + rotations:
                    broker.kill()
                return broker.process.poll() is not None

            self.publish(broker, run, 5_000, killed)
            self.assertIsNotNone(broker.process.poll(), "it was never rotated")
            for file in self.files(broker):
                self.assertLessEqual(file.stat().st_size, SIZE)
        broker.start()
        self.publish(broker, ROUNDS, 10)
        self.assertEqual(broker.stop(), 0)
        seen = self.check_numbers(broker, {ROUNDS: 10})
        self.assertEqual(sorted(seen), list(range(ROUNDS + 1)))

    def test_a_rotation_by_somebody_else_loses_nothing(self):
        broker = self.broker(plugins=(), messages=True)
        self.publish(broker, 0, 500)
        broker.log_file.rename(broker.state / "mortise.log.1")
        self.publish(broker, 1, 500)
        broker.process.send_signal(signal.SIGHUP)
        wait_for(broker.log_file.exists, "the file to be made anew")
        self.publish(broker, 2, 500)
        self.assertEqual(broker.stop(), 0)
        self.check_numbers(broker, {0: 500, 1: 500, 2: 500})

    def test_what_comes_again_and_again_is_counted(self):
        broker = self.broker(plugins=(), log="info")
        for _ in range(15):
            self.client(broker, "flapping").connect().disconnect()
        self.client(broker, "other").connect()
        self.assertEqual(broker.stop(), 0)
        lines = broker.log_file.read_text().splitlines()
        of = lambda who, what: [line for line in lines if f"client={who} " in line and f" {what}" in line]
        connected = of("flapping", "connected")
        self.assertEqual(len(connected), 11, "the first ten, and one that counts")
        self.assertIn("connected … 5 times more in", connected[-1])
        self.assertEqual(len(of("other", "connected")), 1)

    def test_an_audit_has_who_came_and_what_was_changed_and_nothing_else(self):
        broker = self.broker(start=False, plugins=())
        broker.log_entry = ("{name: log, library: log, config: {sinks: [{type: file, path: mortise.log, level: error}, "
                            "{type: file, path: audit.log, format: json, audit: true}]}}")
        broker.configure("threads: 1")
        broker.start()
        audit = broker.state / "audit.log"
        for _ in range(15):
            client = self.client(broker, "pump-7").connect()
            client.publish("a", "b", 1)
            client.disconnect()
        broker.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "plugin.reloaded" in audit.read_text(), "the reload")
        self.assertEqual(broker.stop(), 0)
        lines = [json.loads(line) for line in audit.read_text().splitlines()]
        of = lambda event: [line for line in lines if line["event"] == event]
        self.assertEqual(len(of("client.connected")), 15, "each of them, though they repeat")
        self.assertEqual(len(of("client.disconnected")), 15)
        self.assertEqual({line["client"] for line in of("client.connected")}, {"pump-7"})
        self.assertEqual(of("message.published"), [])
        self.assertNotIn("connected", broker.log_file.read_text())

    def test_an_audit_has_what_was_refused_denied_and_ended(self):
        broker = self.broker(start=False, plugins=("{name: users, library: auth-file, config: {access: access.yaml}}",))
        (broker.folder / "access.yaml").write_text("rules: [{group: anonymous, may: [read], topics: ['#']}]\n")
        broker.log_entry = ("{name: log, library: log, config: {sinks: [{type: file, path: mortise.log, level: error}, "
                            "{type: file, path: audit.log, format: json, audit: true}]}}")
        broker.configure("threads: 1")
        broker.start()
        ctl = lambda *words: subprocess.run([harness.PROGRAM, "ctl", "--state-dir", str(broker.state), *words], check=True,
                                            capture_output=True, timeout=harness.PATIENCE_S)
        here, away = self.client(broker, "here").connect(), self.client(broker, "away", clean=False).connect()
        here.publish("a", "b", 1)
        away.disconnect()
        with socket.create_connection(("127.0.0.1", broker.port), timeout=harness.PATIENCE_S) as peer:
            peer.sendall(bytes.fromhex("100c00044d5154540400003c0000"))  # a session that is to stay, of nobody
            self.assertEqual(peer.recv(4), bytes.fromhex("20020002"))
        ctl("kick", "here")
        ctl("kick", "away", "--end-session")
        ctl("reload")
        self.assertEqual(broker.stop(), 0)
        lines = [json.loads(line) for line in (broker.state / "audit.log").read_text().splitlines()]
        of = lambda event, client: [line for line in lines if line["event"] == event and line.get("client") == client]
        self.assertEqual([(line["topic"], line["by"]) for line in of("client.denied", "here")], [("a", "users")])
        by = f"uid {os.getuid()}"
        self.assertEqual([(line["by"], line["session"]) for line in of("client.kicked", "here")], [(by, "stays")])
        self.assertEqual([(line["by"], line["session"]) for line in of("client.kicked", "away")], [(by, "ends")])
        self.assertEqual([line["by"] for line in of("config.reloaded", None)], [by])
        self.assertEqual(len([line for line in lines if line["event"] == "client.refused"]), 1)

    def test_daemons_are_told_and_no_identifier_can_forge_a_line(self):
        broker = self.broker(start=False, plugins=())
        daemons = {}
        for kind in ("syslog", "journald"):
            daemons[kind] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            daemons[kind].bind(str(broker.state / kind))
            daemons[kind].settimeout(harness.PATIENCE_S)
            self.addCleanup(daemons[kind].close)
        broker.log_entry = ("{name: log, library: log, config: {sinks: [{type: syslog, socket: syslog, facility: local0}, "
                            "{type: journald, socket: journald, ident: edge}]}}")
        broker.configure("threads: 1")
        broker.start()
        self.client(broker, "pump\n<0>7").connect()
        said = {}
        for kind, daemon in daemons.items():
            for _ in range(100):
                said[kind] = daemon.recv(65536).decode()
                if "pump" in said[kind]:
                    break
        self.assertRegex(said["syslog"], r'^<134>\w{3} [ \d]\d \d\d:\d\d:\d\d mortise\[%d\]: clients connected  .*'
                         r'client="?pump\\n<0>7"?' % broker.process.pid)
        self.assertNotIn("\n", said["syslog"])
        fields = dict(line.split("=", 1) for line in said["journald"].splitlines())
        self.assertEqual(fields["MORTISE_CLIENT"], "pump\\n<0>7")
        self.assertEqual(fields["MORTISE_EVENT"], "client.connected")
        self.assertEqual((fields["PRIORITY"], fields["SYSLOG_IDENTIFIER"]), ("6", "edge"))
        self.assertEqual(broker.stop(), 0)

    def test_a_log_without_room_does_not_stop_the_broker(self):
        broker = self.broker(plugins=(), messages=True)
        self.publish(broker, 0, 50)
        wait_for(lambda: broker.log_file.read_text().count("topic=r/0/") == 50, "the first lines")
        pid = broker.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (broker.log_file.stat().st_size, hard))
        self.publish(broker, 1, 300)
        self.assertIsNone(broker.process.poll(), "it lives")
        wait_for(lambda: "the log cannot be written" in broker.said(), "a word on standard error")
        self.assertEqual(broker.said().count("the log cannot be written"), 1, "said once")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        self.publish(broker, 2, 50)
        self.assertEqual(broker.stop(), 0)
        lost = re.findall(r"lines were lost here: they could not be written  lines=(\d+)", broker.log_file.read_text())
        said = [tuple(map(int, SAID.match(line).groups())) for line in self.lines(broker) if " messages publish " in line]
        numbers = {run: [number for of, number in said if of == run] for run in range(3)}
        self.assertEqual((numbers[0], numbers[2]), (list(range(50)), list(range(50))))
        self.assertGreater(sum(map(int, lost)), 0)
        # What was still in the ring when there was room again was written.
        self.assertEqual(sum(map(int, lost)) + len(numbers[1]), 300)
        self.assertEqual(numbers[1], list(range(300 - len(numbers[1]), 300)))


if __name__ == "__main__":
    unittest.main()
