"""A broker whose configuration is written anew and taken again: what the tests of that share."""

import json
import os
import socket
import subprocess

import harness
from harness import PROGRAM, STORE, BrokerTest

CONNECT, CONNACK = bytes.fromhex("100c00044d5154540402003c0000"), bytes.fromhex("20020000")
TOPICS = "{name: topics, library: sys-topics, config: {interval: 1s}}"


class ReloadTest(BrokerTest):
    def setUp(self):
        self.kernel, self.plugins = "threads: 2", [STORE]
        self.listeners = {"local": "anonymous: allow"}
        self.binds, self.at = {}, None

    def begin(self):
        broker = self.at = self.broker(start=False, log="info") if self.at is None else self.at
        broker.log_entry = harness.LOG % ("info", "")
        self.binds.setdefault("local", f"127.0.0.1:{broker.port}")
        self.write()
        return broker.start()

    def write(self):
        lines = ["kernel:", *[f"  {line}" for line in self.kernel.splitlines()], "listeners:"]
        lines += [f"  - {{name: {name}, bind: \"{self.binds[name]}\", {words}}}" for name, words in self.listeners.items()]
        lines += ["plugins:", *[f"  - {entry}" for entry in [self.at.log_entry, *self.plugins]]]
        whole = self.at.file.with_suffix(".new")
        whole.write_text("\n".join(lines) + "\n")
        os.replace(whole, self.at.file)

    def ctl(self, *words, code=0):
        done = subprocess.run([PROGRAM, "ctl", "--state-dir", str(self.at.state), "--json", *words],
                              capture_output=True, text=True, timeout=60 * harness.SLOW, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout) if code == 0 else done.stderr

    def reload(self):
        self.write()
        return self.ctl("reload")["changes"]

    def refused(self):
        self.write()
        return self.ctl("reload", code=1)

    def connects(self, port):
        """Whether somebody without a name gets in."""
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE_S) as peer:
                peer.sendall(CONNECT)
                return peer.recv(4) == CONNACK
        except OSError:
            return False

    def logged(self):
        return self.at.log_file.read_text()
