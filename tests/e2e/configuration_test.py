"""What the operator sees: check, located errors, a port in use, taking a plugin out, reloading."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import harness
from harness import PLUGINS, PROGRAM, ROOT, STORE, BrokerTest, free_port, mosquitto_pub, wait_for


def run(verb, file, state):
    return subprocess.run([PROGRAM, verb, "--config", str(file), "--state-dir", str(state), "--plugin-path", PLUGINS],
                          capture_output=True, text=True, timeout=harness.PATIENCE_S, stdin=subprocess.DEVNULL, check=False)


def blocks(process, signal_number):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"SigBlk:\s*(\w+)", status)[1], 16) >> (signal_number - 1) & 1


class Check(BrokerTest):
    def check(self, text):
        broker = self.broker(start=False)
        broker.file.write_text(text)
        return run("check", broker.file, broker.state), broker

    def test_a_good_file_is_ok(self):
        done, _ = self.check("listeners: [{name: a, bind: 127.0.0.1:1883}]\n")
        self.assertEqual((done.returncode, done.stdout), (0, "ok\n"), done.stderr)

    def test_all_errors_come_in_one_run_with_their_place_and_exit_code_2(self):
        done, broker = self.check(
            "kernel: {limits: {paket_size: 1MiB}}\n"
            "listeners:\n"
            "  - {name: a, bind: 127.0.0.1:99999}\n"
            "plugins:\n"
            "  - {name: store, library: store-sqlite, config: {pth: x.db}}\n"
            "  - {name: other, library: no-such-plugin}\n")
        self.assertEqual(done.returncode, 2)
        file = re.escape(str(broker.file))
        for pattern in (rf'{file}:1:\d+ .*"paket_size", did you mean "packet_size"\?', rf"{file}:3:\d+ .*99999 is not between",
                        rf'{file}:5:\d+ .*"pth", did you mean "path"', rf"{file}:6:\d+ .*no-such-plugin"):
            self.assertRegex(done.stderr, pattern)

    def test_a_plugin_with_a_mistake_in_its_entry_hides_no_other_and_may_have_been_the_store(self):
        done, broker = self.check(
            'kernel: {acknowledge: [{topics: ["#"], after: synced}]}\n'
            "listeners: [{name: a, bind: 127.0.0.1:1883}]\n"
            "plugins:\n"
            "  - {name: store, libary: store-sqlite}\n"
            "  - {name: log, library: log, config: {sinks: [{type: consle}]}}\n"
            "  - {name: users, library: auth-file, config: {users: nobody.yaml}}\n")
        self.assertEqual(done.returncode, 2)
        file = re.escape(str(broker.file))
        self.assertRegex(done.stderr, rf'{file}:4:\d+ .*"libary", did you mean "library"')
        self.assertRegex(done.stderr, rf"{file}:5:\d+ .*consle")
        self.assertIn("nobody.yaml", done.stderr)
        self.assertNotIn("needs a store", done.stderr)

    def test_more_than_memory_without_a_store_is_an_error_with_its_place(self):
        done, _ = self.check('kernel: {acknowledge: [{topics: ["#"], after: synced}]}\n'
                             "listeners: [{name: a, bind: 127.0.0.1:1883}]\n")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r":1:\d+ .*synced.*needs a store plugin")

    def test_a_plugin_nobody_requires_may_be_missing(self):
        broker = self.broker(start=False)
        broker.plugins = ["{name: extra, library: no-such-plugin, required: false}"]
        broker.configure("threads: 1")
        done = run("check", broker.file, broker.state)
        self.assertEqual((done.returncode, done.stdout), (0, "ok\n"), done.stderr)
        self.assertRegex(done.stderr, r'warning: .*plugin "extra".*/no-such-plugin\.so')
        broker.start()
        wait_for(lambda: "no-such-plugin" in broker.log_file.read_text(), "a line in the log")

    def test_closed_standard_descriptors_are_given_to_no_file_of_the_store(self):
        broker = harness.Broker()
        self.addCleanup(broker.close)
        broker.wrapper = ["/bin/sh", "-c", 'exec "$0" "$@" 0<&- 1>&- 2>&-']
        broker.start()
        for descriptor in range(3):
            self.assertEqual(os.readlink(f"/proc/{broker.process.pid}/fd/{descriptor}"), "/dev/null")

    def test_a_start_that_takes_long_can_be_ended(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="mortise-e2e-"))
        self.addCleanup(shutil.rmtree, folder, True)
        os.mkfifo(folder / "mortise.yaml")  # nobody writes: reading it takes for ever
        process = subprocess.Popen([PROGRAM, "run", "--config", str(folder / "mortise.yaml"), "--state-dir", str(folder)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        wait_for(lambda: blocks(process, signal.SIGTERM), "the broker to look after its signals itself")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=harness.PATIENCE_S)
        self.assertEqual(said, "stopped while starting\n")
        self.assertEqual(process.returncode, 0)

    def test_a_missing_file_is_named(self):
        done = run("check", "/nonexistent/mortise.yaml", "/nonexistent")
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nonexistent/mortise.yaml", done.stderr)

    def test_check_opens_no_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            done, _ = self.check(f"listeners: [{{name: a, bind: 127.0.0.1:{taken.getsockname()[1]}}}]\n")
        self.assertEqual(done.returncode, 0, done.stderr)


class Start(BrokerTest):
    def test_a_port_in_use_is_told_and_nothing_runs(self):
        broker = self.broker(start=False)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", broker.port))
            taken.listen()
            done = run("run", broker.file, broker.state)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"local.*127\.0\.0\.1:{broker.port}")

    def test_a_state_folder_that_cannot_be_one_is_told_with_what_to_do(self):
        broker = self.broker(start=False)
        (broker.folder / "link").symlink_to("nowhere")
        (broker.folder / "file").touch()
        for name, said in (("link", 'a link to "nowhere", which is not there; make that folder'),
                           ("file", "the state folder is a file; move it away"), ("file/below", "; make it by hand")):
            done = run("run", broker.file, broker.folder / name)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{broker.folder / name}: ", done.stderr)
            self.assertIn(said, done.stderr)
            self.assertIn("--state-dir", done.stderr)

    def test_a_wrong_command_line_says_what_is_right(self):
        done = subprocess.run([PROGRAM, "run", "--confg", "x"], capture_output=True, text=True, check=False,
                              timeout=harness.PATIENCE_S)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--help", done.stderr)

    def test_each_shipped_file_starts(self):
        for name in ("mortise.yaml", "smart-home.yaml", "industrial-telemetry.yaml"):
            with self.subTest(file=name):
                broker = self.broker(start=False)
                for file in (ROOT / "config").glob("*.yaml"):
                    text = file.read_text()
                    if file.name == name:  # its ports may be taken here
                        text = re.sub(r'(\n\s+bind: "?[^\s"]*:)\d+', rf"\g<1>{broker.port}", text)
                    (broker.folder / file.name).write_text(text)
                if name != "mortise.yaml":
                    shutil.move(broker.folder / name, broker.file)
                broker.start()
                self.assertEqual(broker.stop(), 0, broker.said())


class TakenOut(BrokerTest):
    """Taking a plugin's line out takes its feature out and nothing else."""

    def works(self, broker):
        subscriber = self.client(broker, "s").connect()
        subscriber.subscribe("t", 1)
        self.client(broker, "p").connect().publish("t", "x", 1)
        subscriber.run_until(lambda: subscriber.messages, "the message")

    def test_without_store(self):
        broker = self.broker(plugins=())
        self.works(broker)
        self.assertEqual(list(broker.state.glob("mortise.db*")), [])

    def test_without_log(self):
        broker = self.broker(start=False)
        broker.log_entry = STORE
        broker.plugins = []
        broker.configure("threads: 1")
        broker.start()
        self.works(broker)
        self.assertFalse(broker.log_file.exists())


class Reload(BrokerTest):
    def test_sighup_reopens_the_log_file(self):
        broker = self.broker(log="info", messages=True)
        mosquitto_pub(broker, "-t", "before", "-m", "x")
        wait_for(lambda: "before" in broker.log_file.read_text(), "the first line")
        moved = broker.log_file.rename(broker.state / "mortise.log.1")
        broker.process.send_signal(signal.SIGHUP)
        wait_for(broker.log_file.exists, "the new log file")
        mosquitto_pub(broker, "-t", "after", "-m", "x")
        wait_for(lambda: "after" in broker.log_file.read_text(), "a line in the new file")
        self.assertNotIn("topic=after", pathlib.Path(moved).read_text())


if __name__ == "__main__":
    unittest.main()
