#!/usr/bin/env python3
"""Each house rule against a small tree that keeps it, and against planted violations it must name."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import floors
import shape
from headers import headers_alone
from house import TEXT_RULES
from tree import Tree, code_only

OPENING = "// What this header is, in a sentence.\n#pragma once\n"
LONG_BODY = "  step();\n" * 80

# A tree that breaks no rule, and that walks close by several of them.
TIDY = {
    "CMakeLists.txt": "", "README.md": "", "dev": "#!/bin/bash\n", ".clang-format": "",
    ".gitignore": "/.build/\n", ".build/x/misc.hpp": "git ignores it, so FIX" "ME and all is allowed",
    "kernel/base/ring.hpp": OPENING + "#include <vector>\nnamespace a {\nint const big = 1'000'000;\n}\n",
    "kernel/mqtt/frame.hpp": OPENING + '#include "base/ring.hpp"\n// std::thread and now() are for others\n'
                             "// Thread: any.   Fails: never, whatever the word before: Source:\n",
    "kernel/broker/broker.cpp":
        '#include "broker/broker.hpp"\n#include <map>\nchar const* s = "boost::asio now()";\n'
                                "void accept(Client& c) { send(c); }\n",
    "kernel/broker/broker.hpp": OPENING + '#include "mqtt/frame.hpp"\nTime at(Time now);\n',
    "kernel/host/library.cpp":
        '#include <boost/dll.hpp>\n#include <mortise/plugin.h>\n#include "broker/broker.hpp"\n',
    "kernel/net/loop.cpp":
        '#include <thread>\n#include "broker/broker.hpp"\nauto t = std::chrono::steady_clock::now();\n',
    "kernel/app/main.cpp": '#include "host/library.hpp"\n#include "net/loop.hpp"\nint main() {\n}\n',
    "sdk/include/mortise/plugin.h": "/* What a plugin sees of the broker. */\n#include <stdint.h>\n",
    "plugins/log/plugin.cpp": '#include <mortise/plugin.hpp>\n#include "net/sink.hpp"\n#include "sink.hpp"\n',
    "plugins/log/net/sink.hpp": OPENING,
    "examples/plugins/c/count.c": '#include "mortise/plugin.h"\n',
    "tests/base/ring_test.cpp": "", "tests/mqtt/frame_test.cpp": "", "tests/broker/broker_test.cpp": "",
    "tests/host/library_test.cpp": "", "tests/net/loop_test.cpp": "", "tests/app/start_test.py": "",
    "tests/conformance/table.cpp": "// long: one row a statement\n" + "row();\n" * 600,
    "tests/mqtt/rows_test.cpp": "const Row rows[] = {\n" + "  {1},\n" * 90 + "};\nTEST(a, b) {\n}\n",
    "tests/broker/long_test.cpp": "// long: one story\nTEST(Broker, tells_one_story) {\n" + LONG_BODY + "}\n",
}

# What is planted over the tidy tree: the rule, in words, the path, its text.
PLANTED = [
    (floors.floors, "an upward include", "kernel/mqtt/up.hpp", OPENING + '#include "broker/broker.hpp"\n'),
    (floors.floors, "a sideways include", "kernel/net/side.cpp", '#include "host/library.hpp"\n'),
    (floors.floors, "a sideways include in angle brackets", "kernel/mqtt/a.cpp",
     "#include <config/units.hpp>\n"),
    (floors.floors, "the SDK in the broker", "kernel/broker/abi.cpp", '#include "mortise/plugin.h"\n'),
    (floors.floors, "the SDK in app", "kernel/app/abi.cpp", "#include <mortise/plugin.hpp>\n"),
    (floors.floors, "an include without its room", "kernel/broker/near.cpp", '#include "broker.hpp"\n'),
    (floors.floors, "a relative include", "kernel/broker/near.cpp", '#include "../net/loop.hpp"\n'),
    (floors.floors, "a room nobody drew", "kernel/cluster/node.cpp", "\n"),
    (floors.sdk_border, "a kernel header in a plugin", "plugins/log/a.cpp", '#include "broker/broker.hpp"\n'),
    (floors.sdk_border, "a kernel header by its path", "plugins/log/a.cpp",
     "#include <kernel/base/ring.hpp>\n"),
    (floors.sdk_border, "another plugin's file", "plugins/log/a.cpp", '#include "../auth/user.hpp"\n'),
    (floors.sdk_border, "a kernel header in an example", "examples/plugins/c/a.c",
     '#include "base/ring.hpp"\n'),
    (floors.sdk_border, "a kernel header in the SDK", "sdk/testkit/a.hpp",
     OPENING + '#include "host/view.hpp"\n'),
    (floors.standard_only, "Boost in the broker", "kernel/broker/a.cpp", "#include <boost/asio.hpp>\n"),
    (floors.standard_only, "a socket header in mqtt", "kernel/mqtt/a.cpp", "#include <sys/socket.h>\n"),
    (floors.standard_only, "a library in base", "kernel/base/a.hpp",
     OPENING + "#include <yaml-cpp/yaml.h>\n"),
    (floors.standard_only, "<thread> in the broker", "kernel/broker/a.cpp", "#include <thread>\n"),
    (floors.standard_only, "<fstream> in mqtt", "kernel/mqtt/a.cpp", "#include <fstream>\n"),
    (floors.sans_io, "a thread in the broker", "kernel/broker/a.cpp", "void f() { std::jthread t; }\n"),
    (floors.sans_io, "a condition in mqtt", "kernel/mqtt/a.cpp", "std::condition_variable_any ready;\n"),
    (floors.sans_io, "a sleep in the broker", "kernel/broker/a.cpp", "void f() { sleep_for(1s); }\n"),
    (floors.sans_io, "a socket in mqtt", "kernel/mqtt/a.cpp", "int s = ::socket(AF_INET, SOCK_STREAM, 0);\n"),
    (floors.sans_io, "Boost by name in the broker", "kernel/broker/a.cpp", "boost::optional<int> x;\n"),
    (floors.clockless, "now() in the broker", "kernel/broker/a.cpp", "auto t = Clock::now();\n"),
    (floors.clockless, "now() in base", "kernel/base/a.hpp", OPENING + "auto t = steady_clock :: now ( );\n"),
    (floors.clockless, "a clock handed on in mqtt", "kernel/mqtt/a.cpp",
     "auto f = &std::chrono::steady_clock::now;\n"),
    (floors.clockless, "time(nullptr) in config", "kernel/config/a.cpp", "auto t = time(nullptr);\n"),
    (floors.clockless, "chance in the broker", "kernel/broker/a.cpp", "std::random_device seed;\n"),
    (shape.file_size, "a long file", "kernel/net/a.cpp", "\n" * 501),
    (shape.file_size, "a long script", "dev",
     "#!/bin/bash\n# What it is.\n# long: too late here\n" + ":\n" * 500),
    (shape.file_size, "a reason that is none", "kernel/net/a.cpp", "// long:\n" + "\n" * 501),
    (shape.function_size, "a long function", "kernel/net/a.cpp",
     "void f(int a,\n       int b) {\n" + LONG_BODY + "}\n"),
    (shape.function_size, "a long method", "kernel/net/a.hpp",
     OPENING + "class A : B {\n public:\n  void f() const noexcept {\n" + "    s();\n" * 80 + "  }\n};\n"),
    (shape.function_size, "a long constructor", "kernel/net/a.cpp",
     "A::A(int b)\n    : b_(b),\n      c_{b} {\n" + LONG_BODY + "}\n"),
    (shape.function_size, "a long test after a table", "tests/net/a_test.cpp",
     "const Row rows[] = {\n    {1},\n};\n\nTEST_P(A, b) {\n" + LONG_BODY + "}\n"),
    (shape.function_size, "a long Python function", "tests/e2e/a.py", "def f():\n" + "    step()\n" * 80),
    (shape.promises, "a FIX" "ME", "kernel/net/a.cpp", "// FIX" "ME later\n"),
    (shape.promises, "a TO" "DO in a text", "README.md", "TO" "DO: write\n"),
    (shape.header_opening, "a header without its sentence", "kernel/net/a.hpp",
     "#pragma once\n// too late\n"),
    (shape.header_opening, "an empty opening comment", "sdk/include/mortise/a.h",
     "//\n#include <stdint.h>\n"),
    (shape.comment_labels, "a label joined to the line before it", "kernel/net/a.hpp",
     OPENING + "// Thread: any. Fails:  never.\n"),
    (shape.top_level, "a folder nobody drew", "scripts/deploy.py", "\n"),
    (shape.top_level, "a file nobody drew", "Makefile", "\n"),
    (shape.mirrored_tests, "a test folder for no room", "tests/cluster/a_test.cpp", "\n"),
    (shape.mirrored_tests, "a room without tests", "kernel/config/units.cpp", "\n"),
    (shape.telling_names, "a file named for nothing", "kernel/net/utils.cpp", "\n"),
    (shape.telling_names, "a test of nothing", "tests/net/helpers_test.cpp", "\n"),
    (headers_alone, "a header that leans on its includer", "kernel/base/a.hpp",
     OPENING + "std::vector<int> f();\n"),
    (headers_alone, "a C header that is C++", "sdk/include/mortise/a.h",
     OPENING + "typedef enum class e { a } e;\n"),
    (headers_alone, "a C header beyond C99", "sdk/include/mortise/a.h",
     OPENING + "typedef int a;\ntypedef int a;\n"),
]


class Planting(unittest.TestCase):
    def plant(self, files):
        folder = tempfile.TemporaryDirectory(prefix="mortise-house-")
        self.addCleanup(folder.cleanup)
        for name, text in files.items():
            path = Path(folder.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        subprocess.run(["git", "init", "--quiet", folder.name], check=True, capture_output=True, timeout=60)
        return Tree(folder.name)


class EachRule(Planting):
    def test_a_tidy_tree_breaks_no_rule(self):
        tree = self.plant(TIDY)
        for rule in TEXT_RULES:
            with self.subTest(rule.__name__):
                self.assertEqual([], list(map(str, rule(tree))))

    def test_each_rule_has_a_planted_violation(self):
        self.assertEqual({*TEXT_RULES, headers_alone}, {row[0] for row in PLANTED})

    def test_a_planted_violation_is_caught_where_it_stands(self):
        for rule, words, path, text in PLANTED:
            with self.subTest(f"{rule.__name__}: {words}"):
                base = {} if rule is headers_alone else TIDY
                caught = list(rule(self.plant({**base, path: text})))
                self.assertTrue(caught, "nothing was caught")
                for violation in caught:
                    self.assertTrue(path.startswith(violation.path), str(violation))


class Headers(Planting):
    def test_a_header_that_stands_alone_passes(self):
        files = {"kernel/base/a.hpp": OPENING + "inline int a() { return 1; }\n",
                 "kernel/mqtt/b.hpp": OPENING + '#include "base/a.hpp"\ninline int b() { return a(); }\n',
                 "sdk/include/mortise/c.h": "/* What a number is here. */\ntypedef int mortise_number_t;\n",
                 "sdk/include/mortise/empty.h": "/* Nothing to declare. */\n#define MORTISE 1\n"}
        self.assertEqual([], list(map(str, headers_alone(self.plant(files)))))

    def test_a_kept_result_does_not_outlive_a_change_of_what_the_header_includes(self):
        tidy = {"kernel/base/a.hpp": OPENING + "struct A {};\n",
                "kernel/mqtt/b.hpp": OPENING + '#include "base/a.hpp"\nstruct B { A a; };\n'}
        with tempfile.TemporaryDirectory(prefix="mortise-house-") as kept:
            self.assertEqual([], list(headers_alone(self.plant(tidy), kept)))
            broken = {**tidy, "kernel/base/a.hpp": OPENING + "struct Other {};\n"}
            caught = headers_alone(self.plant(broken), kept)
            self.assertEqual(["kernel/mqtt/b.hpp"], [violation.path for violation in caught])


class CodeOnly(unittest.TestCase):
    def test_literals_and_comments_are_blanked_and_lines_stay(self):
        text = 'int a = 1\'000; char c = \'"\'; /* now()\n now() */ s = "\\"//"; t = R"x(")" now())x"; // end'
        blanked = code_only(text)
        self.assertEqual(text.count("\n"), blanked.count("\n"))
        self.assertEqual(len(text), len(blanked))
        self.assertEqual("int a = 1'000; char c = ; s = ; t = ;".split(), blanked.split())


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
