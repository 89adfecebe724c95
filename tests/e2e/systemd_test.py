#!/usr/bin/python3
"""The unit of systemd: how far it locks the broker in, and that the broker can live there."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import harness
from certificates import Authority
from harness import BrokerTest, PATIENCE_S, ROOT, free_port, wait_for

UNIT = pathlib.Path(os.environ["MORTISE_BUILD"]) / "config" / "mortise.service"
SYSUSERS = ROOT / "config" / "systemd" / "mortise.sysusers"
EXPOSURE_MAX = 2.0
SKIPPED = 77
BEFORE_THE_FILTER = {"execve"}  # of the program itself, by systemd


def settings_of(unit, key):
    """Every value of `key`, in order; lines are not continued in our units."""
    return [line.split("=", 1)[1] for line in unit.read_text().splitlines() if line.startswith(key + "=")]


def calls_of(group):
    """The names in a group of systemd's such as @system-service, or the call itself."""
    if not group.startswith("@"):
        return {group}
    done = subprocess.run(["systemd-analyze", "syscall-filter", group], check=True, capture_output=True, text=True,
                          timeout=PATIENCE_S)
    names = [line.strip() for line in done.stdout.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*map(calls_of, names))


def allowed_calls(unit):
    allowed = set()
    for value in settings_of(unit, "SystemCallFilter"):
        calls = set().union(*map(calls_of, value.removeprefix("~").split()))
        allowed = allowed - calls if value.startswith("~") else allowed | calls
    return allowed


def allowed_families(unit):
    return set().union(*(value.split() for value in settings_of(unit, "RestrictAddressFamilies")))


class Unit(BrokerTest):
    def test_its_exposure_is_2_0_or_better(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)], check=True,
                              capture_output=True, text=True, timeout=PATIENCE_S)
        level = re.search(r"Overall exposure level for mortise\.service: ([\d.]+)", done.stdout)
        self.assertIsNotNone(level, done.stdout)
        self.assertLessEqual(float(level[1]), EXPOSURE_MAX, done.stdout)

    def test_it_says_how_the_broker_is_watched_and_where_its_files_are(self):
        for key, value in (("Type", "notify"), ("User", "mortise"), ("StateDirectory", "mortise"),
                           ("LogsDirectory", "mortise"), ("ConfigurationDirectory", "mortise"), ("WatchdogSec", "30s"),
                           ("ExecReload", "/bin/kill -HUP $MAINPID"), ("ExecStart", "/usr/bin/mortise run")):
            self.assertEqual(settings_of(UNIT, key), [value], key)

    def test_its_user_is_made_where_no_package_has_made_it(self):
        root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (root / "etc").mkdir()
        subprocess.run(["systemd-sysusers", f"--root={root}", str(SYSUSERS)], check=True, timeout=PATIENCE_S)
        self.assertRegex((root / "etc" / "passwd").read_text(), r"(?m)^mortise:x:\d+:\d+:[^:]*:/var/lib/mortise:\S*nologin$")

    def traced(self, broker, wrapper=()):
        """Has the broker's system calls written down."""
        self.trace = broker.folder / "trace"
        broker.wrapper = [*wrapper, "strace", "-D", "-f", "-qq", "-s", "0", "-o", str(self.trace)]
        return broker

    def refused(self, broker):
        """Ends a traced broker: the system calls and the sockets it made that the unit does not allow."""
        self.assertEqual(broker.stop(), 0)
        text = self.trace.read_text(errors="replace")
        made = set(re.findall(r"^\d+ +(\w+)\(", text, re.MULTILINE))
        self.assertIn("epoll_wait", made | {call.replace("pwait", "wait") for call in made})
        families = set(re.findall(r"^\d+ +socket(?:pair)?\((\w+)", text, re.MULTILINE))
        self.assertIn("AF_INET", families)
        return (made - BEFORE_THE_FILTER - allowed_calls(UNIT)) | (families - allowed_families(UNIT))

    def test_it_allows_every_system_call_the_broker_makes(self):
        broker = self.traced(self.broker(start=False, plugins=(harness.STORE,), log="notice"))
        users, access = broker.folder / "users.yaml", broker.folder / "access.yaml"
        users.write_text("groups: []\nusers: []\n")
        access.write_text('rules: [{group: anonymous, may: [write, read], topics: ["#"]}]\n')
        broker.plugins.append("{name: users, library: auth-file, config: {users: users.yaml, access: access.yaml}}")
        door = broker.folder / "door"
        broker.listener = f"anonymous: allow}}\n  - {{name: files, bind: 'unix:{door}', mode: '0660', anonymous: allow"
        broker.configure("threads: 2")
        broker.start()
        client = self.client(broker, "first", clean=False).connect()
        client.subscribe("a/#", 2)
        for number in range(20):
            client.publish(f"a/{number}", "x", number % 3, retain=True)
        client.run_until(lambda: len(client.messages) == 20, "all messages")
        broker.process.send_signal(harness.signal.SIGHUP)
        wait_for(lambda: "plugins read their files again" in broker.log_file.read_text(), "the reload")
        # Plugins that come and are swapped, and a copy of the store.
        library = broker.folder / "topics.so"
        code = pathlib.Path(harness.PLUGINS, "sys-topics.so").read_bytes()
        broker.plugins.append(f"{{name: topics, library: {library}}}")
        broker.configure("threads: 2")
        for ending in (b"", b"another"):
            (broker.folder / "next").write_bytes(code + ending)
            (broker.folder / "next").rename(library)
            for words in (("reload",), ("store", "backup", str(broker.folder / f"copy{len(ending)}.db"))):
                subprocess.run([harness.PROGRAM, "ctl", "--state-dir", str(broker.state), *words], check=True,
                               capture_output=True, timeout=60 * harness.SLOW)
        self.assertEqual(self.refused(broker), set())

    def test_it_allows_links_by_name_and_scrapes(self):
        """glibc asks over AF_NETLINK which addresses this machine has, and looks names up without where that is refused."""
        remote = self.broker(start=False, plugins=())
        authority = Authority(remote.folder)
        certificate, key = authority.issue("server", "remote")
        remote.listener = f"anonymous: allow, tls: {{certificate: {certificate}, key: {key}}}"
        remote.configure("threads: 1")
        remote.start()
        metrics = free_port()
        link = (f"{{name: up, addresses: ['localhost:{remote.port}'], client_id: edge, tls: {{ca: {authority.pem}}}, "
                "out: [{topics: ['#']}]}")
        confined = [sys.executable, str(ROOT / "tests/e2e/confined.py"), ",".join(allowed_families(UNIT))]
        broker = self.traced(self.broker(start=False, plugins=(
            harness.STORE, f"{{name: bridge, library: bridge-mqtt, config: {{links: [{link}]}}}}",
            f"{{name: metrics, library: metrics-prometheus, config: {{bind: '127.0.0.1:{metrics}'}}}}",
            "{name: sys, library: sys-topics}")), confined)
        broker.start()

        def shows(metric):
            with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=PATIENCE_S) as answer:
                return re.search(rf"^mortise_bridge_{metric}\{{.*\}} 1$", answer.read().decode(), re.MULTILINE)

        wait_for(lambda: shows("connected"), "the link")
        self.client(broker).connect().publish("a", "x", 1)
        wait_for(lambda: shows("messages_acknowledged_total"), "a message to go over the link")
        self.assertEqual(self.refused(broker) - {"AF_NETLINK"}, set())


if __name__ == "__main__":
    if not shutil.which("systemd-analyze"):
        print("skipped: systemd-analyze is not here; ./dev test installs it (Debian's package systemd)")
        sys.exit(SKIPPED)
    unittest.main()
