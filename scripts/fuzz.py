#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the fuzzers that mk/host.mk built, each for some seconds, starting from the seeds in tests/fuzz/corpus/NAME.

What a run finds worth keeping stays in build/fuzz/NAME and is the next run's start as well; an input that breaks a
parser is left as build/fuzz/crash-NAME-..., and `build/host/fuzz_NAME FILE` runs it alone.
"""
import argparse
import glob
import os
import subprocess
import sys

BUILD = os.environ.get("BUILD", "build")


def targets():
    return [os.path.basename(s)[:-2] for s in sorted(glob.glob("tests/fuzz/fuzz_*.c"))]


def fuzz(target, seconds):
    """(passed, output) of one fuzzer. It fails on a crash, a leak, a hang, and when it never got to run."""
    name = target.removeprefix("fuzz_")
    found = f"{BUILD}/fuzz/{name}"
    os.makedirs(found, exist_ok=True)
    seeds = f"tests/fuzz/corpus/{name}"
    command = [f"{BUILD}/host/{target}", f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
               "-print_final_stats=1", f"-artifact_prefix={BUILD}/fuzz/crash-{name}-", found]
    if os.path.isdir(seeds):
        command.append(seeds)
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                             timeout=seconds + 120, check=False)
    except OSError as e:
        return False, str(e)
    except subprocess.TimeoutExpired:
        return False, "did not end by itself"
    executed = [line.split()[-1] for line in run.stdout.splitlines() if "number_of_executed_units" in line]
    return run.returncode == 0 and bool(executed) and int(executed[0]) > 0, run.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("target", nargs="*")
    args = parser.parse_args()
    failed = 0
    for target in args.target or targets():
        print(f"{target}: {args.seconds} s", flush=True)
        passed, output = fuzz(target, args.seconds)
        print("\n".join("    " + line for line in output.splitlines()[-(12 if passed else 60):]))
        failed += not passed
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
