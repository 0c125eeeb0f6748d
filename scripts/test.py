#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the tests and counts: test.py smoke|test|test-all. The last line is `N passed, N failed`.

Each stage reports cases by name; a stage that cannot run at all is a failure with that name, never silence.
QUIRE_STAGES="host boot" runs only those. QUIRE_NO_SKIPS=1 counts a skipped case as a failed one, except where the machine
itself does not permit it: everything else, set-up installs and the scripts fetch or build.
"""
import glob
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.dirname(__file__))
import fuzz  # noqa: E402

BUILD = os.environ.get("BUILD", "build")
CACHE = os.path.abspath(os.environ.get("CACHE", "build/cache"))
# What is built once and kept outside of the tree: by the stage that needs it, the script (--path prints where it is or will
# be), scripts/setup.sh's purpose, and what a person calls it.
OUTSIDE = {"boot": [("scripts/programs.sh", "programs", "programs of others' making"),
                    ("scripts/selftests.sh", "selftests", "selftests of Linux's")],
           "boards": [("boards/visionfive2/emulator/build.sh", "emulator", "emulator of the VisionFive 2")]}
PYTHON = os.environ.get("PYTHON", "/usr/bin/python3")
IMAGE_LIMIT = 480_000  # bytes, without the initramfs: it is a small kernel
FUZZ_SECONDS = {"test": 5, "test-all": 60}
NO_SKIPS = os.environ.get("QUIRE_NO_SKIPS") == "1"
NOT_PERMITTED = "not permitted here"  # how the reasons begin that no set-up can remove


class Report:
    """Passed, failed and skipped cases so far; the failed ones with what is worth reading about them."""

    def __init__(self):
        self.passed, self.failed = [], []
        self.skipped = {}  # by reason

    def case(self, name, good, why=""):
        if good:
            self.passed.append(name)
        else:
            self.failed.append((name, why))
            print(f"  FAILED  {name}", flush=True)

    def skip(self, name, why):
        if NO_SKIPS and not why.startswith(NOT_PERMITTED):
            self.case(name, False, f"skipped ({why}), and QUIRE_NO_SKIPS is set")
        else:
            self.skipped.setdefault(why, []).append(name)

    def summary(self):
        for name, why in self.failed:
            print(f"\n--- failed: {name}")
            print("\n".join("    " + line for line in why.strip().splitlines()[-40:]))
        print()
        for why, names in self.skipped.items():
            print(f"skipped, {why}: {', '.join(names[:4])}{f' and {len(names) - 4} more' if len(names) > 4 else ''}")
        print(f"{len(self.passed)} passed, {len(self.failed)} failed", flush=True)


def run(command, seconds, **more):
    """(exit status, output); the status is a sentence when there is no number."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                              stdin=subprocess.DEVNULL, timeout=seconds, check=False, **more)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as e:
        return f"not done after {seconds} s", (e.stdout or b"").decode(errors="replace")
    except OSError as e:
        return str(e), ""


def make(*words, seconds=1200, cwd=None):
    return run(["make", f"CACHE={CACHE}", "QUIRE_SETUP=no", *words], seconds, cwd=cwd)


def side_by_side():
    """Words and environment for tests of machines: most have one hart, and would leave this one's other processors idle.
    They are in each other's way then: limits, which guard against hangs alone, are longer."""
    at_once = min(os.cpu_count() or 1, 4)
    if at_once < 2 or run([PYTHON, "-c", "import xdist"], 60)[0] != 0:
        return [], {}
    return ["-n", str(at_once)], {"QUIRE_TIMEOUT_SCALE": os.environ.get("QUIRE_TIMEOUT_SCALE", "3")}


def pytest(report, folder, words=(), more=(), prefix=""):
    """Runs pytest with its output passed through, and counts the cases in the file it leaves."""
    results = f"{BUILD}/{prefix.strip()}{folder.replace('/', '-')}.xml"
    if os.path.exists(results):
        os.remove(results)
    command = [PYTHON, "-m", "pytest", folder, "-q", "-p", "no:cacheprovider", "--durations=8",
               f"--junitxml={results}", *words]
    environment = dict(os.environ, BUILD=BUILD, CACHE=CACHE, PYTHONDONTWRITEBYTECODE="1", **dict(more))
    status = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
    if os.path.exists(results):
        pytest_cases(report, results, prefix)
    if not os.path.exists(results) or status not in (0, 1):
        report.case(prefix + folder, False, f"pytest ended with status {status}")


def pytest_cases(report, path, prefix):
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{prefix}{case.get('classname')}.{case.get('name')}"
        bad = [e for e in case if e.tag in ("failure", "error")]
        if bad:
            report.case(name, False, "\n".join(e.text or e.get("message", "") for e in bad))
        elif (skipped := case.find("skipped")) is not None:
            report.skip(name, skipped.get("message", ""))
        else:
            report.case(name, True)


# --- what the tree itself must be ---

def checks(report, _kind):
    pytest(report, "tests/house")
    status, output = run(["scripts/check-format.sh"], 120)
    if status == 77:
        report.skip("format", output.strip())
    else:
        report.case("format", status == 0, output)
    status, output = run([PYTHON, "scripts/syscalls.py", "--check"], 60)
    report.case("docs/syscalls.md is as the table says", status == 0, output)
    status, output = run([PYTHON, "scripts/conformance.py", "--check"], 60)
    report.case("docs/conformance.md is as the expected results say", status == 0, output)
    status, output = run([PYTHON, "scripts/layers.py", "--objects", BUILD], 120)
    for line in output.splitlines():
        if m := re.fullmatch(r"(\w[\w ]*): (ok|\d+ wrong)", line):
            report.case(f"layers: {m[1]}", m[2] == "ok", output)
    if status not in (0, 1):
        report.case("layers", False, f"{status}\n{output}")


def digest(path):
    try:
        with open(path, "rb") as f:
            return hashlib.sha256(f.read()).hexdigest()
    except OSError as e:
        return str(e)


def copy_of_the_tree(to):
    """Sources only: what git knows or would know; without git everything but what was built."""
    status, names = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], 60)
    if status != 0:
        shutil.copytree(".", to, ignore=shutil.ignore_patterns("build"), dirs_exist_ok=True, symlinks=True)
        return
    for name in filter(None, names.split("\0")):
        if os.path.lexists(name):
            os.makedirs(os.path.dirname(os.path.join(to, name)), exist_ok=True)
            shutil.copy2(name, os.path.join(to, name), follow_symlinks=False)


def builds(report, kind):
    """The image that `make` makes is what all that follows runs on; the other builds must work as well."""
    status, output = make("all")
    report.case("build", status == 0, output)
    if status != 0:
        return False
    status, output = make("user-libc", f"{CACHE}/opensbi.stamp")
    report.case("build: programs for glibc and musl", status == 0, output)
    if kind == "smoke":
        return True
    size = os.path.getsize(f"{BUILD}/Image") - os.path.getsize(f"{BUILD}/initramfs.cpio")
    report.case(f"build: image without initramfs under {IMAGE_LIMIT} bytes", size < IMAGE_LIMIT, f"{size} bytes")
    for name, words in [("DEBUG=1", ["DEBUG=1", f"BUILD={BUILD}/debug"]),
                        ("clang", ["LLVM=1", f"BUILD={BUILD}/clang"])]:
        more = ["user-libc"] if kind == "test-all" and name == "DEBUG=1" else []  # all boots of it are run then
        status, output = make("all", *more, *words)
        report.case(f"build: {name}", status == 0, output)
    with tempfile.TemporaryDirectory(prefix="another-folder-") as other:
        copy_of_the_tree(other)
        with open(f"{BUILD}/.date", encoding="ascii") as f:  # the copy has no history to ask
            date = f.read().strip()
        status, output = make("all", "BUILD=build", "DEBUG=0", f"SOURCE_DATE_EPOCH={date}", cwd=other)
        for name in ["Image", "quire.elf", "initramfs.cpio"]:
            here, there = digest(f"{BUILD}/{name}"), digest(f"{other}/build/{name}")
            report.case(f"build: {name} is the same from another folder", status == 0 and here == there,
                        f"{here} here\n{there} there\n{output}")
    return True


# --- tests on this machine ---

def cmocka_cases(report, program, status, output):
    """Counts cmocka's cases; a program that dies in the middle of one, or outside of all, is a failure as well."""
    running, seen, wrong = None, 0, 0
    for line in output.splitlines():
        m = re.match(r"\[ *(RUN|OK|FAILED|SKIPPED) *\] (\w+)$", line.strip())
        if not m:
            continue
        kind, name = m[1], f"{program}: {m[2]}"
        if kind == "RUN":
            running = name
        elif running == name:
            running, seen = None, seen + 1
            wrong += kind == "FAILED"
            if kind == "SKIPPED":
                report.skip(name, "as it says itself")
            else:
                report.case(name, kind == "OK", output)
    if running:
        report.case(running, False, f"exit status {status}\n{output}")
    elif seen == 0 or (status != 0 and not wrong):
        report.case(program, False, f"exit status {status}, {seen} cases\n{output}")


def host_tests(report, _kind):
    status, output = make("host-tests", f"BUILD={BUILD}")
    report.case("build: host tests", status == 0, output)
    for source in sorted(glob.glob("tests/host/test_*.c")):
        program = os.path.basename(source)[:-2]
        status, output = run([f"{BUILD}/host/{program}"], 600)
        cmocka_cases(report, program, status, output)


def fuzzers(report, kind):
    status, output = make("fuzzers", f"BUILD={BUILD}")
    report.case("build: fuzzers", status == 0, output)
    for target in fuzz.targets():
        report.case(f"{target} for {FUZZ_SECONDS[kind]} s", *fuzz.fuzz(target, FUZZ_SECONDS[kind]))


# --- tests of whole images ---

def boots(report, kind):
    words, more = side_by_side()
    words += {"smoke": ["-m", "smoke"], "test": ["-m", "not full"]}.get(kind, [])
    pytest(report, "tests/boot", words, more | ({"QUIRE_TEST_ALL": "1"} if kind == "test-all" else {}))


class Outside:
    """Something that is built once and kept outside of the tree. Where it is not there yet it is built beside the stages
    before the one that needs it, on processors that they leave idle; where that fails, the tests that need it report
    themselves as skipped."""

    def __init__(self, script, purpose, what):
        self.process, self.what = None, what
        if os.access(run([script, "--path"], 60)[1].strip(), os.X_OK):
            return
        if subprocess.run(["scripts/setup.sh", purpose], check=False).returncode == 0:
            print(f"(building the {what} beside the first stages)", flush=True)
            self.log = tempfile.TemporaryFile("w+")
            self.process = subprocess.Popen([script], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                            start_new_session=True)

    def wait(self):
        if self.process and self.process.wait() != 0:
            self.log.seek(0)
            print(f"no {self.what}:", (self.log.read().strip().splitlines() or ["?"])[-1], flush=True)

    def stop(self):
        """If the tests end before it is built, so does the building."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)


def board_tests(report, kind):
    words, more = side_by_side()
    words += ["--dist", "loadfile"] if words else []  # cards are made once for the tests of a file
    if kind == "test-all":
        more["QUIRE_TEST_ALL"] = "1"
    else:
        words += ["-m", "not full"]
    pytest(report, "tests/boards", words, more)


def debug_boots(report, kind):
    """The build that checks and poisons more boots too: the short ones, or all but the products."""
    words, more = side_by_side()
    words += ["-m", "smoke" if kind == "test" else "not full"]
    pytest(report, "tests/boot", words, more | {"QUIRE_BUILD": f"{BUILD}/debug"}, "DEBUG=1 ")


STAGES = {"build": builds, "check": checks, "host": host_tests, "fuzz": fuzzers, "boot": boots,
          "boards": board_tests, "debug": debug_boots}
KINDS = {"smoke": ["build", "boot"], "test": list(STAGES), "test-all": list(STAGES)}


def run_stages(report, kind, wanted):
    outside = {stage: [Outside(*one) for one in OUTSIDE.get(stage, []) if kind != "smoke"] for stage in wanted}
    try:
        for stage in wanted:
            start = time.monotonic()
            print(f"== {stage}", flush=True)
            for one in outside[stage]:
                one.wait()
            go_on = STAGES[stage](report, kind)
            print(f"== {stage}: {time.monotonic() - start:.0f} s", flush=True)
            if go_on is False:
                break
    finally:
        for one in sum(outside.values(), []):
            one.stop()


def main():
    kind = sys.argv[1] if len(sys.argv) > 1 else "test"
    report = Report()
    wanted = os.environ.get("QUIRE_STAGES", "").split() or KINDS[kind]
    run_stages(report, kind, wanted)
    report.summary()
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
