#!/usr/bin/python3
"""The scenarios of examples/, as their READMEs tell to run them: the shipped configuration, and exactly what is printed."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import PATIENCE_S, PLUGINS, PROGRAM, ROOT, free_port, wait_for

SCENARIOS = ROOT / "examples" / "scenarios"
STEP = re.compile(r"```console\n\$ \./(\w+) (FOLDER[^\n]*)\n(.*?)```\n", re.DOTALL)


class Scenarios(unittest.TestCase):
    """Each script of a README is started when the one before has printed its first line; `publisher` when it has ended."""

    def prepare(self, name):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mortise-scenario-")) / "folder"
        self.addCleanup(shutil.rmtree, self.folder.parent, ignore_errors=True)
        self.scripts = SCENARIOS / name
        self.environment = {**os.environ, "MORTISE": PROGRAM, "PATIENCE_S": str(int(PATIENCE_S))}
        subprocess.run([self.scripts / "prepare", self.folder], check=True, env=self.environment, timeout=PATIENCE_S,
                       capture_output=True, stdin=subprocess.DEVNULL)
        return self.on_free_ports(self.folder / f"{name}.yaml")

    def on_free_ports(self, file):
        """The shipped configuration on loopback and free ports, which the scripts are told."""
        ports = {}

        def moved(match):
            ports[match[2]] = free_port()
            return f"bind: 127.0.0.1:{ports[match[2]]}"
        file.write_text(re.sub(r'bind: ("\*:|127\.0\.0\.1:)(\d+)"?', moved, file.read_text()))
        self.ports = list(ports.values())
        self.environment["PORT"] = str(ports["1883"])
        self.environment["TLS_PORT"] = str(ports.get("8883", ""))
        return file

    def start_broker(self, file):
        said = open(self.folder / "said", "w+")
        self.addCleanup(said.close)
        broker = subprocess.Popen([PROGRAM, "run", "--config", file, "--state-dir", self.folder / "state", "--plugin-path",
                                   PLUGINS], stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.addCleanup(self.end_broker, broker)
        said_text = (self.folder / "said").read_text
        wait_for(lambda: said_text().count("\n") == len(self.ports) or broker.poll() is not None, "the listeners")
        self.assertIsNone(broker.poll(), said_text())
        return broker

    def end_broker(self, broker):
        if broker.poll() is None:
            broker.kill()
            broker.wait(PATIENCE_S)

    def end_script(self, process):
        """With the clients that it has started: they are a group of their own."""
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE_S)

    def start_script(self, number, script, words):
        output = self.folder / f"output-{number}"
        arguments = [str(self.folder) if word == "FOLDER" else word for word in words.split()]
        with open(output, "w") as file:
            process = subprocess.Popen([self.scripts / script, *arguments], env=self.environment, stdout=file,
                                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(self.end_script, process)
        return process, output

    def run_scenario(self, name):
        broker = self.start_broker(self.prepare(name))
        running = []
        for number, (script, words, expected) in enumerate(STEP.findall((self.scripts / "README.md").read_text())):
            process, output = self.start_script(number, script, words)
            running.append((process, output, expected))
            first_line = expected.splitlines(keepends=True)[0]
            wait_for(lambda: output.read_text().startswith(first_line) or process.poll() is not None, f"{script}'s first line")
            if script == "publisher":
                process.wait(2 * PATIENCE_S)
        self.assertGreaterEqual(len(running), 2, "the README tells too little")
        for process, output, expected in running:
            process.wait(2 * PATIENCE_S)
            self.assertEqual(output.read_text(), expected)
            self.assertEqual(process.returncode, 0)
        broker.terminate()
        self.assertEqual(broker.wait(PATIENCE_S), 0)

    def test_smart_home(self):
        self.run_scenario("smart-home")

    def test_industrial_telemetry(self):
        self.run_scenario("industrial-telemetry")

    def test_mobile_push(self):
        self.run_scenario("mobile-push")

    def test_remote_monitoring(self):
        self.run_scenario("remote-monitoring")

    def test_there_is_a_test_for_each(self):
        folders = {folder.name for folder in SCENARIOS.iterdir() if folder.is_dir()}
        tests = {name.removeprefix("test_").replace("_", "-") for name in dir(self) if name.startswith("test_")}
        self.assertLessEqual(folders, tests)


if __name__ == "__main__":
    unittest.main()
