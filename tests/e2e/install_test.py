#!/usr/bin/python3
"""What `cmake --install` puts where, and that it is fit for use."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

from harness import PATIENCE_S, PLUGINS, PROGRAM, ROOT, STORE, BrokerTest

BUILD = pathlib.Path(os.environ["MORTISE_BUILD"])
COMPONENTS = ("broker", "plugins")
COMPLETION = "usr/share/bash-completion/completions/mortise"
EVERYWHERE = ("usr/bin/mortise", "usr/bin/mortise-passwd", "etc/mortise/mortise.yaml", "etc/mortise/users.yaml",
              "etc/mortise/access.yaml", "usr/lib/systemd/system/mortise.service", "usr/lib/systemd/system/mortise.socket",
              "usr/lib/sysusers.d/mortise.conf", COMPLETION, "usr/share/man/man1/mortise.1",
              "usr/share/man/man1/mortise-ctl.1", "usr/share/man/man1/mortise-passwd.1",
              "usr/share/mortise/schema/mortise.schema.json", "usr/share/mortise/grafana-dashboard.json")


def run(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=PATIENCE_S, **more).stdout


def completions(script, line, folder):
    """What bash offers in `folder` after `line`, whose last word is being typed. A = is a word, as bash has it."""
    words = re.findall(r"[^ =]+|=", line) + ([""] if line.endswith(" ") else [])
    text = (f"source {shlex.quote(str(script))}\nCOMP_WORDS=({' '.join(map(shlex.quote, words))})\n"
            f'COMP_CWORD={len(words) - 1}\n_mortise 2>/dev/null\nprintf "%s\\n" "${{COMPREPLY[@]}}"\n')
    environment = {"PATH": f"{pathlib.Path(PROGRAM).parent}:{PLUGINS}:{os.environ['PATH']}"}
    return set(run("bash", "--norc", "-c", text, env=environment, cwd=folder).split())


def rows_of(*words, heading):
    """The first column of what `mortise … --help` says below a heading."""
    said = run(PROGRAM, *words, "--help")
    rows = re.search(rf"^{heading}:\n((?:  .*\n)*)", said, re.MULTILINE)
    return [row.split()[0] for row in rows[1].splitlines()]


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="mortise-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        for component in COMPONENTS:
            run("cmake", "--install", str(BUILD), "--component", component,
                env={**os.environ, "DESTDIR": str(cls.root)})

    def test_everything_is_in_its_place(self):
        for name in EVERYWHERE:
            self.assertTrue((self.root / name).is_file(), name)
        plugins = next(self.root.glob("usr/lib/**/mortise/plugins"))
        self.assertEqual({file.name for file in plugins.iterdir()}, {"log.so", "store-sqlite.so", "auth-file.so", "bridge-mqtt.so", "metrics-prometheus.so", "sys-topics.so"})

    def inputs_of(self, target, rules):
        """The files that a target brings up to date, other targets that are no files looked into."""
        said = run("ninja", "-C", str(BUILD), "-t", "query", target)
        inputs = re.search(r"^  input: .*\n((?:    .*\n)*)", said, re.MULTILINE)
        found = {line.strip().lstrip("| ") for line in inputs[1].splitlines()} if inputs else set()
        return found.union(*(self.inputs_of(name, rules) for name in found if rules.get(name) == "phony"))

    def test_one_target_builds_everything_that_is_installed(self):
        said = run("ninja", "-C", str(BUILD), "-t", "targets", "all")
        rules = dict(line.rsplit(": ", 1) for line in said.splitlines())
        scripts = "".join(script.read_text() for script in BUILD.rglob("cmake_install.cmake"))
        built = set(re.findall(rf'"{re.escape(str(BUILD))}/([^"]+)"', scripts)) & rules.keys()
        self.assertGreaterEqual(len(built), 10)
        self.assertEqual(built - self.inputs_of("mortise_packaged", rules), set())

    def test_every_ready_made_configuration_is_there_with_the_files_it_names(self):
        installed = {file.name for file in (self.root / "usr/share/mortise/config").iterdir()}
        for file in (ROOT / "config").glob("*.yaml"):
            if file.name not in ("mortise.yaml", "users.yaml", "access.yaml"):
                self.assertIn(file.name, installed)

    def test_the_installed_default_has_no_mistake_and_logs_where_the_unit_has_a_folder(self):
        file = self.root / "etc/mortise/mortise.yaml"
        self.assertIn("path: /var/log/mortise/mortise.log\n", file.read_text())
        said = run(PROGRAM, "check", "--config", str(file), "--state-dir", str(self.root), "--plugin-path", PLUGINS)
        self.assertEqual(said, "ok\n")

    def manual(self, name):
        page = run("man", "--pager=cat", "-l", str(self.root / f"usr/share/man/man1/{name}.1"),
                   env={**os.environ, "MANWIDTH": "400", "LC_ALL": "C"})
        return " ".join(page.split())

    def test_the_man_pages_say_what_help_says(self):
        for name, more in (("mortise", rows_of(heading="Commands")), ("mortise-ctl", rows_of("ctl", heading="Verbs")),
                           ("mortise-passwd", [])):
            page = self.manual(name)
            self.assertIn(f"NAME {name} - ", page)
            for word in self.options_of(*(["mortise", "ctl"] if name == "mortise-ctl" else [name])) + more:
                self.assertIn(f" {word} ", page, name)
            for other in {"mortise", "mortise-ctl", "mortise-passwd"} - {name}:
                self.assertRegex(page, rf"SEE ALSO .*{other}\(1\)")
            for path in re.findall(r" (/(?:etc|usr)/\S*\w)", page[page.index(" FILES "):page.index(" SEE ALSO ")]):
                self.assertTrue((self.root / path[1:]).exists(), path)
        self.assertRegex(self.manual("mortise-ctl"), r"SYNOPSIS mortise ctl .*PLUGIN VERB .* DESCRIPTION")

    def options_of(self, *words):
        text = run(PROGRAM if words[0] == "mortise" else f"{PLUGINS}/{words[0]}", *words[1:], "--help")
        found = [line.split()[0] for line in text.splitlines() if line.startswith("  --")]
        self.assertGreaterEqual(len(found), 3, text)
        return found

    # ---- completion

    def completions(self, line):
        return completions(self.root / COMPLETION, line, self.root / "etc/mortise")

    def test_commands_are_completed_those_of_plugins_too(self):
        self.assertLessEqual({"run", "check", "passwd"}, self.completions("mortise "))
        self.assertEqual(self.completions("mortise ch"), {"check"})
        self.assertIn("passwd", self.completions("mortise pas"))

    def test_every_option_of_help_is_completed(self):
        self.assertEqual(self.completions("mortise check --"), set(self.options_of("mortise")))
        self.assertEqual(self.completions("mortise --"), set(self.options_of("mortise")))
        self.assertEqual(self.completions("mortise passwd --"), set(self.options_of("mortise-passwd")))

    def test_files_and_folders_are_completed(self):
        self.assertEqual(self.completions("mortise check --config m"), {"mortise.yaml"})
        self.assertEqual(self.completions("mortise passwd us"), {"users.yaml"})
        self.assertEqual(self.completions("mortise run --state-dir ../m"), {"../mortise"})


class CompletionOfVerbs(BrokerTest):
    """mortise ctl: its own verbs come from its help, everything else from the running broker."""

    def completions(self, line, broker=None):
        asked = f"mortise ctl --state-dir {broker.state if broker else '/nowhere'} {line}"
        return completions(ROOT / "config/completion/mortise.bash", asked, ROOT)

    def test_verbs_are_completed_without_a_broker(self):
        verbs = set(rows_of("ctl", heading="Verbs"))
        self.assertLessEqual({"help", "status", "kick", "reload"}, verbs)
        self.assertEqual(self.completions(""), verbs)
        self.assertEqual(self.completions("reload-"), {"reload-files"})

    def test_help_and_completion_have_every_verb_of_the_broker_and_its_options(self):
        broker = self.broker()
        rows = json.loads(run(PROGRAM, "ctl", "--state-dir", str(broker.state), "--json", "help"))
        own = [row for row in rows if " " not in row["verb"]]
        self.assertEqual(set(rows_of("ctl", heading="Verbs")), {"help", *(row["verb"] for row in own)})
        usual = set(rows_of("ctl", heading="Options"))
        self.assertEqual(self.completions("--"), usual)
        for row in own:
            self.assertEqual(self.completions(f"{row['verb']} --") - usual, set(row["options"].split()), row["verb"])
        self.assertIn("--dry-run", self.completions("reload --d"))

    def test_verbs_of_plugins_are_completed_with_their_arguments(self):
        broker = self.broker(plugins=(STORE,))
        self.assertLessEqual({"log", "store", "status"}, self.completions("", broker))
        self.assertEqual(self.completions("log le", broker), {"level", "levels"})
        self.assertEqual(self.completions("log help res", broker), {"reset"})
        self.assertLessEqual({"category=", "for="}, self.completions("log level ", broker))
        self.assertEqual(self.completions("log level --f", broker), {"--for="})
        self.assertEqual(self.completions("store backup READ", broker), {"README.md"})
        self.assertEqual(self.completions("store backup file=READ", broker), {"README.md"})

    def test_values_are_completed(self):
        broker = self.broker(plugins=())
        for name in ("pump-1", "pump-2", "door", "two words", "$(touch ran)", "`touch ran`"):
            self.client(broker, name).connect()
        self.assertEqual(self.completions("kick ", broker), {"pump-1", "pump-2", "door"})
        self.assertEqual(self.completions("client pump", broker), {"pump-1", "pump-2"})
        self.assertEqual(self.completions("clients --id=d", broker), {"door"})
        self.assertEqual(self.completions("clients --sort=queued", broker), {"queued", "queued_bytes"})
        self.assertLessEqual({"client", "listener", "oldest"}, self.completions("clients --sort=", broker))
        self.assertEqual(self.completions("plugin ", broker), {"log"})
        self.assertEqual(self.completions("clients --limit=", broker), set())
        self.assertFalse((ROOT / "ran").exists(), "an identifier was run as a command")


if __name__ == "__main__":
    unittest.main()
