#!/usr/bin/python3
"""The Debian packages: installed, run, upgraded, removed and purged on a copy of this system that nobody else sees.

The copy is an overlay in a mount namespace of this test: what dpkg writes goes to memory and is gone at the end. That
takes root's rights; without them the test says so and is skipped.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import harness
from harness import PATIENCE_S, Client, free_port, wait_for

BUILD = pathlib.Path(os.environ["MORTISE_BUILD"])
INSIDE = "MORTISE_PACKAGE_TEST_INSIDE"
SKIPPED = 77
COMPILE_S = 120 * harness.SLOW
NEXT = "0.1.0+next"
# What a version to come has in another place of the default configuration.
OF_NEXT = "# A line that only the next version has.\n"


def run(*words, seconds=PATIENCE_S, **more):
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL,
                          **more)
    if done.returncode != 0:
        raise AssertionError(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def overlay(folder):
    """This system once more, below `folder`, to be written to without a trace."""
    upper, work, root = folder / "upper", folder / "work", folder / "root"
    for each in (upper, work, root):
        each.mkdir()
    run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={upper},workdir={work}", str(root))
    run("mount", "-t", "proc", "proc", str(root / "proc"))
    run("mount", "--rbind", "/dev", str(root / "dev"))
    return root


class System:
    """A system without systemd running, on which packages are installed."""

    def __init__(self, folder):
        self.root = overlay(folder)
        self.broker = None
        self.port = None

    def run(self, *words, **more):
        return run("chroot", str(self.root), *words, **more)

    def path(self, name):
        return self.root / name.lstrip("/")

    def install(self, package, *options):
        shutil.copy(package, self.path("/tmp"))
        return self.run("dpkg", *options, "--install", f"/tmp/{package.name}", seconds=COMPILE_S,
                        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})

    def listen_on_a_free_port(self):
        """An administrator's edit of the default configuration."""
        file = self.path("/etc/mortise/mortise.yaml")
        self.port = free_port()
        text = file.read_text()
        file.write_text(text.replace("127.0.0.1:1883", f"127.0.0.1:{self.port}"))
        return file.read_text()

    def start(self):
        """The broker as the unit starts it: as its user, on the installed configuration."""
        self.broker = subprocess.Popen(
            ["chroot", str(self.root), "setpriv", "--reuid=mortise", "--regid=mortise", "--init-groups",
             "/usr/bin/mortise", "run"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        probe = harness.Broker.accepts
        wait_for(lambda: probe(self) or self.broker.poll() is not None, "the installed broker to accept connections")
        if self.broker.poll() is not None:
            said, _ = self.broker.communicate()
            raise AssertionError(said.decode(errors="replace"))

    def stop(self):
        self.broker.terminate()
        try:
            said, _ = self.broker.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.broker.kill()
            self.broker.communicate()
            raise
        if self.broker.returncode != 0:
            raise AssertionError(said.decode(errors="replace"))

    def close(self):
        if self.broker is not None and self.broker.poll() is None:
            self.broker.kill()
            self.broker.communicate()


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="mortise-package-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        run("cpack", "--config", str(BUILD / "CPackConfig.cmake"), "-B", str(cls.folder), seconds=COMPILE_S)
        cls.package = next(cls.folder.glob("mortise_*.deb"))
        cls.sdk = next(cls.folder.glob("mortise-dev_*.deb"))

    def system(self):
        """On a file system of its own in memory, since an overlay cannot be written to another one everywhere."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="mortise-system-", dir=self.folder))
        run("mount", "-t", "tmpfs", "tmpfs", str(folder))
        self.addCleanup(run, "umount", "--lazy", str(folder))
        system = System(folder)
        self.addCleanup(run, "umount", "--recursive", "--lazy", str(system.root))
        self.addCleanup(system.close)
        return system

    def next_version(self):
        """The package with a higher version number and another default configuration."""
        folder = self.folder / "next"
        run("dpkg-deb", "--raw-extract", str(self.package), str(folder))
        control = folder / "DEBIAN" / "control"
        control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {NEXT}", control.read_text()))
        for name in ("mortise.yaml", "access.yaml"):
            with (folder / "etc/mortise" / name).open("a") as file:
                file.write(OF_NEXT)
        package = self.folder / "next.deb"
        run("dpkg-deb", "--build", "-Zgzip", "-z1", str(folder), str(package))
        shutil.rmtree(folder)
        return package

    def user_of(self, path):
        status = path.stat()
        return status.st_uid, status.st_gid, oct(status.st_mode & 0o7777)

    def test_it_depends_on_what_it_is_linked_with_and_on_nothing_to_build_with(self):
        needs = run("dpkg-deb", "--field", str(self.package), "Depends")
        names = {each.split()[0] for each in needs.strip().split(", ")}
        self.assertLessEqual({"adduser", "libc6", "libssl3", "libsqlite3-0", "libargon2-1"}, names)
        self.assertFalse({name for name in names if name.endswith("-dev")}, needs)

    def test_a_fresh_install_runs_as_its_own_user(self):
        system = self.system()
        system.install(self.package)
        user, group = (int(system.run("id", word, "mortise")) for word in ("--user", "--group"))
        self.assertEqual(system.run("getent", "passwd", "mortise").strip().split(":")[5:],
                         ["/var/lib/mortise", "/usr/sbin/nologin"])
        for name in ("/var/lib/mortise", "/var/log/mortise"):
            self.assertEqual(self.user_of(system.path(name)), (user, group, "0o750"), name)
        self.assertEqual(self.user_of(system.path("/etc/mortise")), (0, group, "0o750"))
        self.assertTrue(system.path("/etc/systemd/system/multi-user.target.wants/mortise.service").is_symlink())
        self.assertEqual(system.run("mortise", "check"), "ok\n")
        system.listen_on_a_free_port()
        system.start()
        self.assertIn(f"Uid:\t{user}\t{user}", pathlib.Path(f"/proc/{system.broker.pid}/status").read_text())
        client = Client(system.port, "first").connect()
        client.subscribe("a", 1)
        client.publish("a", "x", 1)
        client.run_until(lambda: client.payloads() == ["x"], "the message")
        client.close()
        system.stop()
        self.assertEqual(self.user_of(system.path("/var/log/mortise/mortise.log"))[0], user)

    def test_its_units_are_ones_systemd_can_read(self):
        system = self.system()
        system.install(self.package)
        for unit in ("mortise.service", "mortise.socket"):
            system.run("systemd-analyze", "verify", "--man=no", f"/usr/lib/systemd/system/{unit}")

    def test_an_upgrade_keeps_edits_and_data(self):
        system = self.system()
        system.install(self.package)
        edited = system.listen_on_a_free_port()
        system.path("/etc/mortise").chmod(0o755)
        system.start()
        client = Client(system.port, "first").connect()
        client.publish("kept", "from before", 1, retain=True)
        client.close()
        system.stop()
        system.install(self.next_version(), "--force-confdef", "--force-confold")
        self.assertEqual(system.run("dpkg-query", "--show", "--showformat=${Version} ${db:Status-Status}", "mortise"),
                         f"{NEXT} installed")
        self.assertEqual(system.path("/etc/mortise/mortise.yaml").read_text(), edited)
        self.assertTrue(system.path("/etc/mortise/access.yaml").read_text().endswith(OF_NEXT), "nobody had edited it")
        self.assertEqual(self.user_of(system.path("/etc/mortise"))[2], "0o755")
        system.start()
        client = Client(system.port, "second").connect()
        client.subscribe("kept", 1)
        client.run_until(lambda: client.payloads() == ["from before"], "what was retained before the upgrade")
        client.close()
        system.stop()

    def test_removing_keeps_edits_and_data_and_purging_takes_them(self):
        system = self.system()
        system.install(self.package)
        edited = system.listen_on_a_free_port()
        system.start()
        client = Client(system.port, "first").connect()
        client.publish("kept", "x", 1, retain=True)
        client.close()
        system.stop()
        system.run("dpkg", "--remove", "mortise", seconds=COMPILE_S)
        self.assertFalse(system.path("/usr/bin/mortise").exists())
        self.assertEqual(system.path("/etc/mortise/mortise.yaml").read_text(), edited)
        self.assertTrue(system.path("/var/lib/mortise/mortise.db").exists())
        self.assertTrue(system.path("/var/log/mortise/mortise.log").exists())
        system.run("dpkg", "--purge", "mortise", seconds=COMPILE_S)
        for name in ("/etc/mortise", "/var/lib/mortise", "/var/log/mortise", "/usr/share/mortise",
                     "/etc/systemd/system/multi-user.target.wants/mortise.service"):
            self.assertFalse(os.path.lexists(system.path(name)), name)

    def test_a_plugin_built_against_the_installed_sdk_is_loaded(self):
        system = self.system()
        system.install(self.sdk)
        system.install(self.package)
        system.run("cmake", "-S", "/usr/share/mortise/sdk/template", "-B", "/tmp/greeting", "-DCMAKE_INSTALL_PREFIX=/usr",
                   seconds=COMPILE_S)
        system.run("cmake", "--build", "/tmp/greeting", seconds=COMPILE_S)
        system.run("cmake", "--install", "/tmp/greeting", "--component", "plugins")
        system.listen_on_a_free_port()
        with system.path("/etc/mortise/mortise.yaml").open("a") as file:
            file.write('  - {name: greeting, library: greeting, config: {prefix: "house-"}}\n')
        self.assertEqual(system.run("mortise", "check"), "ok\n")
        system.start()
        Client(system.port, "house-1").connect().close()
        Client(system.port, "stranger").connect(expect=2).close()  # 3.1.1: identifier rejected
        system.stop()
        system.run("dpkg", "--purge", "mortise-dev", seconds=COMPILE_S)
        for name in ("/usr/include/mortise", "/usr/share/mortise/sdk", "/usr/lib/x86_64-linux-gnu/cmake/Mortise"):
            self.assertFalse(os.path.lexists(system.path(name)), name)
        self.assertEqual(system.run("mortise", "check"), "ok\n")


def why_not():
    """Why there can be no copy of this system; empty: there can."""
    for program in ("cpack", "dpkg", "dpkg-deb", "dpkg-shlibdeps", "unshare", "adduser", "setpriv"):
        if not shutil.which(program):
            return f"{program} is not here; ./dev test installs it"
    try_it = "set -e; cd $(mktemp -d); trap 'rmdir \"$PWD\"' EXIT; mount -t tmpfs tmpfs .; cd \"$PWD\"; mkdir u w r; " \
             "mount -t overlay overlay -o lowerdir=/,upperdir=$PWD/u,workdir=$PWD/w r; umount -l r; umount -l ."
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", try_it], capture_output=True,
                          text=True, timeout=PATIENCE_S, check=False)
    return "" if done.returncode == 0 else "no overlay of this system can be mounted here: " + done.stderr.strip()


if __name__ == "__main__":
    if INSIDE not in os.environ:
        reason = why_not()
        if reason:
            print(f"skipped: {reason}")
            sys.exit(SKIPPED)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    unittest.main()
