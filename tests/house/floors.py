"""Rules about who may see whom: floors, the SDK's border, and what a room without I/O and clocks may name."""

import posixpath
import re

from tree import Violation, code_only

FLOORS = {"base": 1, "mqtt": 2, "config": 2, "broker": 3, "host": 4, "net": 4, "app": 5}
STANDARD_ONLY = ("base", "mqtt", "broker")
THREADLESS = ("mqtt", "broker")
CLOCKLESS = ("base", "mqtt", "config", "broker")
CODEC = ("mqtt", "base")
CODEC_USERS = ("plugins/bridge-mqtt",)

# Standard headers whose purpose is a thread, or input and output.
BLOCKING_HEADERS = {"thread", "condition_variable", "future", "semaphore", "latch", "barrier", "stop_token",
                    "fstream", "iostream", "filesystem", "syncstream"}

THREAD_WORDS = re.compile(
    r"\bstd::(thread|jthread|this_thread|condition_variable\w*|async|future|promise)\b"
    r"|\b(sleep|usleep|nanosleep|sleep_for|sleep_until|pthread_\w+)\s*\(")
SOCKET_WORDS = re.compile(
    r"\b(socket|accept4|recvfrom|recvm?msg|sendto|sendm?msg|setsockopt|epoll_\w+)\s*\(|\bsockaddr\w*")
CLOCK_WORDS = re.compile(r"\bnow\s*\(\s*\)|\b(clock_gettime|gettimeofday)\s*\("
                         r"|\btime\s*\(\s*(nullptr|NULL|0|&)"
                         r"|_clock\s*::\s*now\b|\brandom_device\b|\bs?rand\s*\(")


def room_of(path):
    """The kernel room a path lies in, or None."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "kernel" else None


def floors(tree):
    """A room includes its own files and rooms on lower floors; only host includes the SDK."""
    for path in tree.under("kernel"):
        room = room_of(path)
        if room not in FLOORS:
            yield Violation(path, 1, f"kernel/ has the rooms {' '.join(FLOORS)} and no other")
            continue
        for include in tree.includes(path):
            target = include.target.split("/")[0]
            if target == "mortise":
                if room != "host":
                    yield Violation(path, include.line, f"{room} includes the SDK; only kernel/host may")
            elif target in FLOORS and "/" in include.target:
                if target != room and FLOORS[target] >= FLOORS[room]:
                    direction = "upward" if FLOORS[target] > FLOORS[room] else "sideways"
                    yield Violation(path, include.line,
                                    f"{direction} include: {room} (floor {FLOORS[room]}) may not see "
                                    f"{target} (floor {FLOORS[target]})")
            elif include.quoted:
                yield Violation(path, include.line, f'"{include.target}" has no room; write "room/file.hpp"')


def sdk_border(tree):
    """Plugins, examples and the SDK see <mortise/...>, their own files, installed libraries; no kernel. The bridge
    sees the codec, which is a library of its own."""
    for top in ("plugins", "examples", "sdk"):
        for path in tree.under(top):
            depth = {"sdk": 1, "plugins": 2, "examples": 3}[top]
            own = "/".join(path.split("/")[:depth])
            for include in tree.includes(path):
                beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), include.target))
                mine = {beside, f"{own}/{include.target}"} & set(tree.paths)
                first, _, rest = include.target.partition("/")
                if own in CODEC_USERS and first in CODEC:
                    continue
                if first == "kernel" or (first in FLOORS and rest and not mine):
                    yield Violation(path, include.line, f"{own} includes {include.target} of the kernel")
                elif first == ".." and not beside.startswith(own + "/"):
                    yield Violation(path, include.line, f"{include.target} leaves {own}")


def standard_only(tree):
    """base, mqtt and broker include the C++ standard library and rooms: no Boost, no system header."""
    for room in STANDARD_ONLY:
        for path in tree.under(f"kernel/{room}"):
            for include in tree.includes(path):
                if not include.quoted and not re.fullmatch(r"[a-z_0-9]+", include.target):
                    yield Violation(path, include.line,
                                    f"<{include.target}> in {room}, which includes C++ standard headers only")
                if room in THREADLESS and include.target in BLOCKING_HEADERS:
                    yield Violation(path, include.line,
                                    f"<{include.target}> in {room}, which has no thread, input or output")


def sans_io(tree):
    """No Boost, thread or socket named in mqtt and broker."""
    for room in THREADLESS:
        yield from _named(tree, room, THREAD_WORDS, "it starts and waits for no thread")
        yield from _named(tree, room, SOCKET_WORDS, "it knows no socket")
        yield from _named(tree, room, re.compile(r"\bboost::"), "it knows no Boost")


def clockless(tree):
    """No clock read, and no other source of chance, below net: time is an argument there."""
    for room in CLOCKLESS:
        yield from _named(tree, room, CLOCK_WORDS, "it is told the time and never asks")


def _named(tree, room, words, reason):
    for path in tree.under(f"kernel/{room}"):
        for number, line in enumerate(code_only(tree.text(path)).split("\n"), 1):
            match = words.search(line)
            if match:
                yield Violation(path, number, f"'{match[0].strip()}' in {room}: {reason}")
