#!/usr/bin/env python3
"""Figures of our broker beside the distribution's Mosquitto and the forwarder, taken in one run.

Each round starts every broker afresh for every scenario, one after the other, so that what the machine does meanwhile
meets all of them. The table shows medians over the rounds and the ratio to Mosquitto; all measurements go to a file.
Nothing here passes or fails: times are reported, never tested.
"""

import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from brokers import Forwarder, Mortise, Mosquitto, Running, free_port, raise_file_limit, unpacked_mosquitto

MEASUREMENT_SECONDS = 150
SPARE_FILES = 200  # of the limit of open files, for everything but the connections
YARDSTICK = "mosquitto"
TRAFFIC = ["mortise", "mortise-shipped", "mosquitto"]
WITH_FORWARDER = [*TRAFFIC, "forwarder"]

# The figure a scenario is about, and who takes part.
SCENARIOS = {
    "fan-in": ("cpu_us", WITH_FORWARDER),
    "fan-out": ("cpu_us", WITH_FORWARDER),
    "pairs-qos0": ("cpu_us", TRAFFIC),
    "pairs-qos1": ("cpu_us", TRAFFIC),
    "pairs-qos2": ("cpu_us", TRAFFIC),
    "idle": ("pss_bytes_each", WITH_FORWARDER),
    "storm": ("cpu_us", WITH_FORWARDER),
    "start": ("start_ms", TRAFFIC),
    "kill": ("lost", ["mortise-shipped", "mosquitto-persistent"]),
}
COLUMNS = {
    "cpu_us": "CPU us each", "per_second": "per second", "p50_us": "p50 us", "p99_us": "p99 us",
    "pss_bytes_each": "PSS each", "cpu_percent_held": "CPU % held", "rss_bytes": "RSS bytes",
    "start_ms": "start ms", "stop_ms": "stop ms", "idle_rss_bytes": "idle RSS", "restart_ms": "restart ms",
    "acknowledged": "acknowledged", "lost": "lost", "out_of_order": "disorder", "repeated": "repeated",
    "strays": "strays",
}
EXPECTED = [  # what we aim at: at most so much
    ("idle", "mortise", "pss_bytes_each", 1024, "bytes of PSS per idle connection"),
    ("start", "mortise-shipped", "start_ms", 50, "ms until the port accepts, with an empty store"),
    ("start", "mortise-shipped", "idle_rss_bytes", 15_000_000, "bytes resident when idle"),
    ("kill", "mortise-shipped", "lost", 0, "acknowledged messages lost at SIGKILL"),
]


class Bench:
    def __init__(self, build, folder, connections):
        self.program = build / "tests/bench/mortise-bench"
        self.folder = folder
        self.connections = connections
        mosquitto = unpacked_mosquitto(folder / "mosquitto")
        self.brokers = {
            "mortise": Mortise(build, shipped=False),
            "mortise-shipped": Mortise(build, shipped=True),
            "mosquitto": Mosquitto(mosquitto),
            "mosquitto-persistent": Mosquitto(mosquitto, persistent=True),
            "forwarder": Forwarder(build),
        }

    def measure(self, scenario, name):
        """One measurement with a fresh broker in a fresh folder."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=f"{name}-") as folder:
            broker, state = self.brokers[name], pathlib.Path(folder)
            if scenario == "start":
                port = free_port()
                return self.drive("start", port, 0, ["--", *broker.prepare(state, port)], broker.environment)
            if scenario == "kill":
                return self.kill(broker, state)
            options = ["--connections", self.connections] if scenario == "idle" else []
            with Running(broker, state) as running:
                return self.drive(scenario, running.port, running.process.pid, options)

    def kill(self, broker, state):
        """What a session that was away gets after its broker was killed right after the last PUBACK."""
        with Running(broker, state) as running:
            filled = self.drive("fill-and-kill", running.port, running.process.pid)
        with Running(broker, state) as running:
            drained = self.drive("drain", running.port, running.process.pid, ["--messages", filled["acknowledged"]])
        return {**filled, "drain_cpu_us": drained["cpu_us"],
                **{key: drained[key] for key in ("received", "lost", "out_of_order", "repeated", "strays")}}

    def drive(self, scenario, port, pid, options=(), environment=None):
        command = [self.program, scenario, "--port", port, "--pid", pid, *options]
        done = subprocess.run(list(map(str, command)), env={**os.environ, **(environment or {})},
                              capture_output=True, text=True, timeout=MEASUREMENT_SECONDS, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{scenario}: {done.stderr.strip()}")
        return json.loads(done.stdout)


def take(bench, scenarios, names, rounds):
    """All measurements: {scenario: {broker: [measurement, one a round]}}."""
    taken = {scenario: {name: [] for name in SCENARIOS[scenario][1] if name in names} for scenario in scenarios}
    for number in range(rounds):
        for scenario, by_broker in taken.items():
            order = list(by_broker)
            order = order[number % len(order):] + order[:number % len(order)] if order else []
            for name in order:
                try:
                    by_broker[name].append(bench.measure(scenario, name))
                except (RuntimeError, subprocess.TimeoutExpired) as problem:
                    print(f"round {number + 1}, {scenario}, {name}: {problem}", file=sys.stderr)
        print(f"round {number + 1} of {rounds} done", file=sys.stderr)
    return taken


def medians_of(taken):
    """{scenario: {broker: {figure: median}}} of what was measured at least once."""
    return {scenario: {name: {key: statistics.median(m[key] for m in runs) for key in COLUMNS if key in runs[0]}
                       for name, runs in by_broker.items() if runs}
            for scenario, by_broker in taken.items()}


def shown(value):
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def table(medians):
    for scenario, by_broker in medians.items():
        figure = SCENARIOS[scenario][0]
        columns = [key for key in COLUMNS if any(key in row for row in by_broker.values())]
        heads = [COLUMNS[key] for key in columns]
        print(f"\n{scenario}")
        print(f"  {'':22}" + "".join(f"{head:>14}" for head in [*heads, "to Mosquitto"]))
        base = by_broker.get(YARDSTICK, {}).get(figure)
        for name, row in by_broker.items():
            ratio = f"x{row[figure] / base:.2f}" if base else "-"
            cells = [shown(row[key]) if key in row else "-" for key in columns]
            print(f"  {name:22}" + "".join(f"{cell:>14}" for cell in [*cells, ratio]))


def expectations(medians):
    """What we aim at, and what was seen; for people to read."""
    print("\nexpected")
    for scenario, by_broker in medians.items():
        if SCENARIOS[scenario][0] == "cpu_us" and scenario != "storm" and {"mortise", YARDSTICK} <= by_broker.keys():
            seen, peer = by_broker["mortise"]["cpu_us"], by_broker[YARDSTICK]["cpu_us"]
            print(f"  {'yes' if seen <= peer else 'NO ':3} {scenario}: {seen:.3g} us a message, Mosquitto {peer:.3g}")
    for scenario, name, figure, limit, what in EXPECTED:
        seen = medians.get(scenario, {}).get(name, {}).get(figure)
        if seen is not None:
            print(f"  {'yes' if seen <= limit else 'NO ':3} {name}: {shown(seen)} {what}, at most {limit:,}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="*", metavar="scenario", help="all of them when none is named")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--brokers", help="names joined by commas instead of all")
    parser.add_argument("--build", default=os.environ.get("MORTISE_BUILD"), help="a Release build; MORTISE_BUILD")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.scenario if name not in SCENARIOS]
    if unknown:
        parser.error(f"no scenario {unknown[0]}; they are {' '.join(SCENARIOS)}")
    if not arguments.build:
        parser.error("which build? Give --build, or use ./dev bench")
    build = pathlib.Path(arguments.build).resolve()
    folder = build / "bench"
    folder.mkdir(exist_ok=True)
    connections = min(10_000, raise_file_limit() - SPARE_FILES)
    bench = Bench(build, folder, connections)
    names = arguments.brokers.split(",") if arguments.brokers else list(bench.brokers)

    taken = take(bench, arguments.scenario or list(SCENARIOS), names, arguments.rounds)
    medians = medians_of(taken)
    table(medians)
    expectations(medians)
    out = folder / "figures.json"
    out.write_text(json.dumps({"taken": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
                               "cpus": os.cpu_count(), "load_average": os.getloadavg(),
                               "rounds": arguments.rounds, "measurements": taken}, indent=1))
    print(f"\nall measurements: {os.path.relpath(out)}")


if __name__ == "__main__":
    main()
