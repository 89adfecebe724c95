#!/usr/bin/env python3
"""Counts the broker core's instructions per operation and holds them against instructions.json.

Exit code 0: no figure is more than the allowance above the kept one, or the compiler is another one than the figures
were kept with (then they are shown and nothing is judged). 1: a figure is too high, or a scenario failed.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

KEPT = pathlib.Path(__file__).with_name("instructions.json")
ALLOWANCE = 0.03
SCENARIO_SECONDS = 120

# glibc picks its string functions by the processor and sizes its caches by the machine's: both would show in the
# counts. Names are bound at the start, so that no look-up falls into the counted stretch.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", "/usr/bin"),
    "LC_ALL": "C",
    "LD_BIND_NOW": "1",
    "GLIBC_TUNABLES": ":".join([
        "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-AVX,-BMI2,-ERMS,-FSRM,-RTM",
        "glibc.cpu.x86_non_temporal_threshold=0xc0000",
        "glibc.cpu.x86_rep_movsb_threshold=0x800",
        "glibc.malloc.tcache_count=7",
    ]),
}


def count(program, valgrind, scenario):
    """Instructions per operation of one scenario."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "callgrind.out")
        run = subprocess.run(
            [valgrind, "--tool=callgrind", "--collect-atstart=no", f"--callgrind-out-file={out}", program, scenario],
            env=ENVIRONMENT, capture_output=True, text=True, timeout=SCENARIO_SECONDS, check=False)
        if run.returncode != 0:
            sys.exit(f"{scenario}: exit code {run.returncode}\n{run.stdout}{run.stderr}")
        operations = int(run.stdout)
        totals = [line for line in out.read_text().splitlines() if line.startswith(("totals:", "summary:"))]
        return round(int(totals[-1].split()[1]) / operations, 1)


def report(figures, kept):
    """Prints one line a scenario; returns those that are too high."""
    too_high = []
    for scenario, figure in figures.items():
        before = kept.get(scenario)
        if before is None:
            too_high.append(scenario)
            print(f"{scenario:20} {figure:10,.1f}  no figure is kept")
            continue
        change = figure / before - 1
        print(f"{scenario:20} {figure:10,.1f}  kept {before:10,.1f}  {change:+.1%}")
        if change > ALLOWANCE:
            too_high.append(scenario)
    return too_high


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="mortise-instructions of a Release build")
    parser.add_argument("--valgrind", default="valgrind")
    parser.add_argument("--compiler", required=True, help="name and version, such as 'GNU 12.2.0'")
    parser.add_argument("--update", action="store_true", help="keep what is counted now")
    arguments = parser.parse_args()

    listing = subprocess.run([arguments.program], capture_output=True, text=True, check=False).stderr
    scenarios = [line.strip() for line in listing.splitlines() if line.startswith("  ")]
    figures = {name: count(arguments.program, arguments.valgrind, name) for name in scenarios}
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"compiler": None, "instructions": {}}
    too_high = report(figures, kept["instructions"])

    if arguments.update:
        KEPT.write_text(json.dumps({"compiler": arguments.compiler, "instructions": figures}, indent=2) + "\n")
        print(f"kept in {KEPT.name}")
        return 0
    if kept["compiler"] != arguments.compiler:
        print(f"not judged: the figures were kept with {kept['compiler']}, this is {arguments.compiler}")
        return 0
    for scenario in too_high:
        print(f"{scenario} is more than {ALLOWANCE:.0%} above its kept figure; what is meant to cost more is kept with "
              "run_instructions.py --update, and the commit says why")
    return 1 if too_high else 0


if __name__ == "__main__":
    sys.exit(main())
