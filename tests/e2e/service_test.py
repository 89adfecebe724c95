#!/usr/bin/python3
"""The broker under a service manager, which this test plays: it binds NOTIFY_SOCKET and listens."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import unittest

from harness import BrokerTest, PATIENCE_S, mosquitto_pub, wait_for

TEST_PLUGINS = os.environ["MORTISE_TEST_PLUGINS"]
WATCHDOG_S = 0.4


class ServiceManager:
    """Hears what a broker tells; `tells` are all datagrams so far, in order."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.settimeout(0.05)
        self.tells = []

    def hear(self):
        """Takes one datagram; whether there was one."""
        try:
            self.tells.append(self.socket.recv(4096).decode())
            return True
        except TimeoutError:
            return False

    def wait_for(self, pattern, what=None, after=0):
        """The index of the first datagram from `after` on that matches `pattern`, as soon as there is one."""
        def found():
            self.hear()
            return self.find(pattern, after) is not None
        wait_for(found, what or f"the datagram {pattern}")
        return self.find(pattern, after)

    def find(self, pattern, after=0):
        return next((at for at in range(after, len(self.tells)) if re.fullmatch(pattern, self.tells[at])), None)

    def close(self):
        self.socket.close()


class Service(BrokerTest):
    def managed(self, socket_name=None, environment=None, **options):
        """A broker that is not started yet, and its service manager, on a path or on an abstract name."""
        broker = self.broker(start=False, plugins=(), **options)
        name = socket_name or str(broker.folder / "notify")
        manager = ServiceManager(name.replace("@", "\0", 1))
        self.addCleanup(manager.close)
        self.set_environment({"NOTIFY_SOCKET": name, **(environment or {})})
        return broker, manager

    def set_environment(self, variables):
        """For the programs this test starts."""
        for name, value in variables.items():
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name, None)

    def log_of(self, broker):
        return broker.log_file.read_text() if broker.log_file.exists() else ""

    def test_it_is_ready_when_clients_can_connect_and_says_when_it_stops(self):
        broker, manager = self.managed()
        broker.start()
        self.assertEqual(manager.wait_for("READY=1"), 0)
        self.client(broker, "first").connect()
        self.assertEqual(broker.stop(), 0)
        stopping = manager.wait_for("STOPPING=1")
        self.assertEqual(stopping, len(manager.tells) - 1)
        self.assertEqual(manager.tells.count("READY=1"), 1)

    def test_ready_comes_after_the_ports_are_open(self):
        broker, manager = self.managed()
        broker.output = open(broker.folder / "output", "ab")
        broker.process = subprocess.Popen(broker.command(), stdout=broker.output, stderr=subprocess.STDOUT,
                                          stdin=subprocess.DEVNULL)
        manager.wait_for("READY=1")
        self.assertTrue(broker.accepts(), "nobody can connect, though the broker said it was ready")

    def test_a_start_that_fails_is_never_ready(self):
        broker, manager = self.managed(listener="anonymous: allow}\n  - {name: taken, bind: unix:/nonexistent/socket")
        done = subprocess.run(broker.command(), capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        manager.hear()
        self.assertEqual(manager.tells, [])

    def test_an_abstract_socket_is_one_too(self):
        broker, manager = self.managed(socket_name=f"@mortise-test-{os.getpid()}")
        broker.start()
        manager.wait_for("READY=1")

    def test_the_status_counts_connections_and_messages(self):
        broker, manager = self.managed()
        broker.start()
        manager.wait_for(r"STATUS=\d connections?, 0 messages/s in, 0 out")  # the harness may be looking in
        subscriber = self.client(broker, "subscriber").connect()
        subscriber.subscribe("load/#", 1)
        publisher = self.client(broker, "publisher").connect()
        for number in range(100):
            publisher.publish(f"load/{number}", "x", 1)
            subscriber.step(0)  # so that both directions fall into one status
        subscriber.run_until(lambda: len(subscriber.messages) == 100, "all messages")
        busy = manager.wait_for(r"STATUS=2 connections, ([1-9]\d*|under 1) messages/s in, ([1-9]\d*|under 1) out")
        manager.wait_for("STATUS=2 connections, 0 messages/s in, 0 out", after=busy)

    def test_a_reload_is_announced_and_ended(self):
        broker, manager = self.managed()
        broker.start()
        ready = manager.wait_for("READY=1")
        before = time.monotonic_ns() // 1000
        broker.process.send_signal(signal.SIGHUP)
        reloading = manager.wait_for(r"RELOADING=1\nMONOTONIC_USEC=\d+", after=ready)
        stamp = int(manager.tells[reloading].rpartition("=")[2])
        self.assertGreaterEqual(stamp, before)
        self.assertLessEqual(stamp, time.monotonic_ns() // 1000)
        manager.wait_for("READY=1", after=reloading)

    def test_the_watchdog_is_fed_while_nobody_is_there(self):
        broker, manager = self.managed(environment={"WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}, kernel="threads: 3")
        broker.start()
        fed = 0
        for _ in range(5):
            fed = manager.wait_for("WATCHDOG=1", after=fed) + 1

    def test_a_loop_that_hangs_starves_the_watchdog_until_it_goes_on(self):
        broker, manager = self.managed(environment={"WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}, log="notice")
        broker.plugins = [f"{{name: hanging, library: {TEST_PLUGINS}/hanging.so}}"]
        broker.configure("threads: 2")
        broker.start()
        manager.wait_for("WATCHDOG=1")
        blocker = broker.folder / "blocker"
        blocker.touch()
        mosquitto_pub(broker, "-t", "hang/now", "-m", str(blocker))
        wait_for(pathlib.Path(f"{blocker}.held").exists, "the plugin to hold its loop")
        while manager.hear():
            pass
        hanging = len(manager.tells)
        end = time.monotonic() + 5 * WATCHDOG_S
        while time.monotonic() < end:
            manager.hear()
        # One is for the turn before: nothing was fed since it.
        self.assertLessEqual(manager.tells[hanging:].count("WATCHDOG=1"), 1, "a loop hangs, and the watchdog is fed")
        named = re.compile(r"loop-\d takes no turn, and its clients wait: the plugin \"hanging\" holds it in its hook "
                           r"intercept; the watchdog is not fed until it goes on")
        wait_for(lambda: named.search(self.log_of(broker)), "the log's line about it")
        hanging = len(manager.tells)
        blocker.unlink()
        manager.wait_for("WATCHDOG=1", "the watchdog to be fed again", after=hanging)
        wait_for(lambda: "all loops take turns again" in self.log_of(broker), "the log's line about it")

    def test_the_watchdog_is_fed_while_a_reload_waits_for_a_plugin(self):
        broker, manager = self.managed(environment={"WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))})
        broker.start()
        ready = manager.wait_for("READY=1")
        blocker = broker.folder / "blocker"
        blocker.touch()
        broker.plugins = [f"{{name: slow, library: {TEST_PLUGINS}/lingering.so, config: {{start_without: {blocker}}}}}"]
        broker.configure("threads: 1")
        broker.process.send_signal(signal.SIGHUP)
        at = manager.wait_for(r"RELOADING=1\nMONOTONIC_USEC=\d+", after=ready)
        wait_for(pathlib.Path(f"{blocker}.held").exists, "the plugin to begin its start")
        while manager.hear():
            pass
        at = len(manager.tells)
        for _ in range(5):
            at = manager.wait_for("WATCHDOG=1", "the watchdog to be fed during the reload", after=at) + 1
        self.assertIsNone(manager.find("READY=1", after=ready + 1), "the reload is not over")
        self.client(broker, "meanwhile").connect()
        blocker.unlink()
        manager.wait_for("READY=1", after=at)

    def test_a_loop_that_hangs_is_named_without_a_watchdog_too(self):
        broker = self.broker(start=False, log="notice")
        broker.plugins = [f"{{name: hanging, library: {TEST_PLUGINS}/hanging.so}}"]
        broker.configure("threads: 2")
        broker.start()
        blocker = broker.folder / "blocker"
        blocker.touch()
        self.addCleanup(blocker.unlink, missing_ok=True)
        mosquitto_pub(broker, "-t", "hang/now", "-m", str(blocker))
        wait_for(lambda: 'the plugin "hanging" holds it in its hook intercept' in self.log_of(broker), "the log's line")
        self.assertNotIn("watchdog", self.log_of(broker))
        blocker.unlink()
        wait_for(lambda: "all loops take turns again" in self.log_of(broker), "the log's line about its end")

    def test_odd_variables_are_said_in_the_log_and_the_broker_runs(self):
        broker = self.broker(start=False, plugins=())
        self.set_environment({"NOTIFY_SOCKET": "somewhere", "WATCHDOG_USEC": "30s"})
        broker.start()
        wait_for(lambda: 'NOTIFY_SOCKET is "somewhere"' in self.log_of(broker)
                 and 'WATCHDOG_USEC is "30s"' in self.log_of(broker), "both lines in the log")
        self.client(broker, "first").connect()

    def test_a_manager_that_is_not_there_is_said_in_the_log_and_the_broker_runs(self):
        broker = self.broker(start=False, plugins=())
        self.set_environment({"NOTIFY_SOCKET": str(broker.folder / "nobody")})
        broker.start()
        wait_for(lambda: "did not take READY=1: No such file or directory" in self.log_of(broker), "the line in the log")
        self.client(broker, "first").connect()


if __name__ == "__main__":
    unittest.main()
