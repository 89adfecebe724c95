#!/usr/bin/env python3
"""Runs fuzz targets under libFuzzer, each for some seconds, and tells what came of it: ./dev fuzz.

Inputs come from three folders: the seeds the build has written, tests/fuzz/corpus, and what earlier runs found
(tests/fuzz/found in the build's folder), which is where new ones go.

Fails: with 1 when a target broke a promise, ran into a sanitizer, or took too much time or memory; it prints
the input and the command that plays it again. With 2 when there is nothing to run.
"""

import argparse
import base64
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
INPUT_SECONDS_MAX = 20   # sanitizers on a machine that has other work, too
MEMORY_MIB_MAX = 2048    # the address sanitizer keeps what was freed for a while
INPUT_BYTES_MAX = 4096
GRACE_S = 120            # to play all seeds, and to stop
REPORT_LINES = 60
PRINTED_INPUT_MAX = 64 * 1024


def main(arguments):
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, required=True, help="the build's folder")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time")
    parser.add_argument("targets", nargs="*", help="all when none is named")
    options = parser.parse_args(arguments)
    folder = options.build / "tests/fuzz"
    known = sorted(program.name.removeprefix("fuzz-") for program in folder.glob("fuzz-*"))
    known = [name for name in known if name != "seeds"]
    unknown = [name for name in options.targets if name not in known]
    if unknown or not known:
        print(f"fuzz: there is no target {' '.join(unknown)}; they are {' '.join(known)}", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(max(1, options.jobs)) as pool:
        sound = pool.map(lambda target: run(folder, target, options.seconds), options.targets or known)
        return 0 if all([*sound]) else 1


def run(folder, target, seconds):
    """One target; whether nothing was found. All it has to say is one print, since others run beside it."""
    found, crashes = folder / "found" / target, folder / "crashes"
    for needed in (found, crashes):
        needed.mkdir(parents=True, exist_ok=True)
    before = set(crashes.iterdir())
    corpora = [found, folder / "seeds" / target, SOURCE / "corpus" / target]
    command = [folder / f"fuzz-{target}", f"-max_total_time={seconds}", f"-timeout={INPUT_SECONDS_MAX}",
               f"-rss_limit_mb={MEMORY_MIB_MAX}", f"-max_len={INPUT_BYTES_MAX}", "-print_final_stats=1",
               f"-artifact_prefix={crashes / target}-", *(place for place in corpora if place.is_dir())]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds + GRACE_S)
        log, status = done.stdout.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        log, status = (late.stdout or b"").decode(errors="replace"), "none: it did not stop"
    print(figures(target, log), flush=True)
    if status == 0:
        return True
    report = [f"fuzz: {target} has failed (exit {status})", *without_routine(log)[-REPORT_LINES:]]
    for artifact in sorted(set(crashes.iterdir()) - before):
        content = artifact.read_bytes()
        if len(content) <= PRINTED_INPUT_MAX:
            report.append(f"the input, in base64:\n{base64.b64encode(content).decode()}")
            report.append(f"to write it: base64 -d >{artifact.name}")
        report.append(f"to play it again: {folder / f'fuzz-{target}'} {artifact}")
    print("\n".join(report), flush=True)
    return False


def figures(target, log):
    """One line: how many inputs, how much of the code they reach, how many of them the target kept."""
    last = re.findall(r"^#\d+\s.* cov: (\d+) ft: (\d+) corp: (\d+)/", log, re.MULTILINE)
    runs = re.search(r"^stat::number_of_executed_units: (\d+)", log, re.MULTILINE)
    new = re.search(r"^stat::new_units_added: +(\d+)", log, re.MULTILINE)
    edges, features, corpus = last[-1] if last else ("0", "0", "0")
    return (f"{target:<14}{runs[1] if runs else 0:>9} inputs  {edges:>6} edges  {features:>6} features  "
            f"{corpus:>5} kept, {new[1] if new else 0} of them new")


def without_routine(log):
    """The log without the lines in which libFuzzer tells that it is alive."""
    return [line for line in log.splitlines() if not re.match(r"#\d+\s|INFO: |\s*NEW_|stat::|\"", line)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
