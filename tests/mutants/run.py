#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Shows that the tests can fail: breaks one promise at a time and demands that the test named for it notices.

    run.py [NAME...]    all mutants, or those; the last line is `N passed, N failed`
    run.py --list       what there is: name, promise, tests

A mutant is a patch, tests/mutants/NAME.patch, under a header of comments (docs/mutants.md):

    # promise: what it breaks
    # test: host NAME CASE          a case of tests/host/test_NAME.c
    # test: boot FILE.py::CASE      a case of tests/boot, pytest's name for it
    # test: boards FILE.py::CASE    a case of tests/boards; skipped by name where that skips, for want of an emulator
    # shows: REGEX                  optional: what the failing test's output must contain

It passes when every test that it names fails with it, and passes without it. Patch, build and test happen in copies of
the tree under $BUILD/mutants, one for each kind of test, side by side; the tree itself is only read.
"""
import argparse
import concurrent.futures
import filecmp
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree

TOP = pathlib.Path(__file__).resolve().parents[2]
HERE = TOP / "tests/mutants"
BUILD = TOP / os.environ.get("BUILD", "build")
COPIES = BUILD / "mutants"
CACHE = TOP / os.environ.get("CACHE", "build/cache")
PYTHON = os.environ.get("PYTHON", "/usr/bin/python3")
SECONDS = 900  # for one command: a guard, not a measurement
NOT_THE_TREE = {"build", ".git", "__pycache__"}


class Unusable(Exception):
    """A mutant that cannot be tried: the patch does not apply, the build fails, the test fails without it."""


class Skipped(Exception):
    """A test that this machine cannot run, even without the mutant."""


class Mutant:
    def __init__(self, path):
        header = re.findall(r"^# (\w+): (.*\S)$", path.read_text().split("\n--- ", 1)[0], re.M)
        tests = [value.split(" ", 1) for key, value in header if key == "test"]
        said = dict(header)
        self.name, self.path, self.promise = path.stem, path, said.get("promise")
        self.shows = re.compile(said.get("shows", ""))
        self.kind = tests[0][0] if tests else None
        self.tests = [name for kind, name in tests if kind == self.kind]
        if not self.promise or self.kind not in KINDS or len(self.tests) != len(tests):
            raise SystemExit(f"{path}: the header needs `# promise:` and, of one kind, `# test: host|boot|boards ...`")


# --- copies of the tree ---

def files_of(top):
    for folder, folders, names in os.walk(top):
        folders[:] = [f for f in folders if f not in NOT_THE_TREE and pathlib.Path(folder, f) != BUILD]
        yield from (pathlib.Path(folder, name).relative_to(top) for name in names if name not in NOT_THE_TREE)


def copy_tree(copy):
    """Makes the copy equal to the tree. What is equal already keeps its date, so that make does not compile it again."""
    wanted = set(files_of(TOP))
    for name in set(files_of(copy)) - wanted:
        (copy / name).unlink()
    for name in wanted:
        source, target = TOP / name, copy / name
        if not target.exists() or not filecmp.cmp(source, target, shallow=False):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def run(command, copy, **more):
    """(exit status, output) of a command in a copy; a status of None: not done in time."""
    environment = {**os.environ, **more, "BUILD": "build", "CACHE": str(CACHE), "QUIRE_SETUP": "no", "DEBUG": "0", "WERROR": "0",
                   "PYTHONDONTWRITEBYTECODE": "1", "GIT_CEILING_DIRECTORIES": str(COPIES)}
    environment.pop("MAKEFLAGS", None)
    try:
        done = subprocess.run(command, cwd=copy, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, errors="replace", timeout=SECONDS, check=False)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as e:
        return None, (e.stdout or b"").decode(errors="replace")


def must(command, copy, what):
    status, output = run(command, copy)
    if status != 0:
        raise Unusable(f"{what}:\n{output[-3000:]}")


# --- the kinds of tests: each gives ({test: passed}, output) ---

def run_host(tests, copy, **_more):
    """A case has failed when it does not end well as often as it begins: the program may die in the middle of it."""
    results, outputs = {}, ""
    for program in sorted({test.split()[0] for test in tests}):
        target = f"build/host/test_{program}"
        must(["make", "-f", "mk/host.mk", target], copy, "it does not build")
        output = run([target], copy)[1]
        begun, passed = (re.findall(rf"\[ *{word} *\] (\w+)", output) for word in ("RUN", "OK"))
        results.update({f"{program} {case}": passed.count(case) == begun.count(case) for case in begun})
        outputs += output
    return results, outputs


def run_pytest(folder, tests, copy, **more):
    must(["make", "-f", "mk/build.mk", "all"], copy, "it does not build")
    report = copy / "build/mutant.xml"
    report.unlink(missing_ok=True)
    output = run([PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}",
                  *(f"{folder}/{test}" for test in tests)], copy, **more)[1]
    if not report.exists():
        raise Unusable(f"pytest left no report:\n{output[-3000:]}")
    return dict(map(verdict, ElementTree.parse(report).getroot().iter("testcase"))), output


def verdict(case):
    """(its name, whether it passed, or Skipped). A case whose teardown fails has a second entry, which then counts."""
    name = f"{case.get('classname').split('.')[-1]}.py::{case.get('name')}"
    if (skipped := case.find("skipped")) is not None:
        return name, Skipped(skipped.get("message"))
    return name, case.find("failure") is None and case.find("error") is None


def run_boot(tests, copy, **more):
    return run_pytest("tests/boot", tests, copy, **more)


def run_boards(tests, copy, **more):
    return run_pytest("tests/boards", tests, copy, **more)


def patience(seconds):
    """The tests' own time limits (90 s for a boot) are for the slowest hosts. A mutant that hangs need not use them up: five
    times what a test takes here will do."""
    scale = min(1, max(0.2, 5 * seconds / 90))
    return {"QUIRE_TIMEOUT_SCALE": os.environ.get("QUIRE_TIMEOUT_SCALE", f"{scale:.2f}")}


KINDS = {"host": run_host, "boot": run_boot, "boards": run_boards}


# --- trying ---

def without(mutants, kind, copy):
    """What the tests say of the unchanged tree, once for all mutants of a kind; an error, for each of them."""
    copy_tree(copy)
    try:
        return KINDS[kind](sorted({test for m in mutants for test in m.tests}), copy)
    except Unusable as e:
        return {}, str(e)


def attempt(mutant, copy, known, said, more):
    """None when the mutant is caught, else what went wrong. Raises Skipped."""
    for test in mutant.tests:
        if isinstance(known.get(test), Skipped):
            raise known[test]
        if not known.get(test):
            return f"without the mutant, {test} {'fails' if test in known else 'does not run'}:\n{said[-3000:]}"
    try:
        must(["git", "apply", "-p1", str(mutant.path)], copy, "the patch does not apply")
        results, output = KINDS[mutant.kind](mutant.tests, copy, **more)
    except Unusable as e:
        return str(e)
    finally:
        copy_tree(copy)
    for test in mutant.tests:
        if results.get(test, True):
            return f"{test} {'passes with' if test in results else 'was not reached with'} the mutant:\n{output[-3000:]}"
    return None if mutant.shows.search(output) else f"the test fails, but not with /{mutant.shows.pattern}/:\n{output[-3000:]}"


def try_kind(kind, mutants, report):
    copy = COPIES / kind
    began = time.monotonic()
    known, said = without(mutants, kind, copy)
    more = patience((time.monotonic() - began) / max(1, len(known)))
    for mutant in mutants:
        began = time.monotonic()
        try:
            wrong = attempt(mutant, copy, known, said, more)
        except Skipped as e:
            report.skip(mutant, str(e))
        else:
            report(mutant, wrong, time.monotonic() - began)


class Report:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()

    def __call__(self, mutant, wrong, seconds):
        with self.lock:
            self.passed += not wrong
            self.failed += bool(wrong)
            print(f"{'FAILED' if wrong else 'caught'}  {mutant.name} by {', '.join(mutant.tests)}  {seconds:.0f} s", flush=True)
            if wrong:
                print("    " + wrong.strip().replace("\n", "\n    "), flush=True)

    def skip(self, mutant, why):
        with self.lock:
            self.skipped += 1
            print(f"skipped {mutant.name}: {why}", flush=True)


def choose(names):
    mutants = [Mutant(p) for p in sorted(HERE.glob("*.patch"))]
    unknown = set(names) - {m.name for m in mutants}
    if unknown:
        raise SystemExit(f"no mutant of that name: {' '.join(sorted(unknown))}")
    return [m for m in mutants if not names or m.name in names]


def main():
    parser = argparse.ArgumentParser(description="Shows that the tests can fail.")
    parser.add_argument("--list", action="store_true", help="names, promises and tests; tries nothing")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    mutants = choose(arguments.names)
    if arguments.list:
        for m in mutants:
            print(f"{m.name}: {m.promise} [{m.kind}: {', '.join(m.tests)}]")
        return
    report = Report()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        lanes = [pool.submit(try_kind, kind, chosen, report) for kind in KINDS
                 if (chosen := [m for m in mutants if m.kind == kind])]
        for lane in lanes:
            lane.result()
    print(f"{report.passed} passed, {report.failed} failed")
    sys.exit(1 if report.failed or not report.passed else 0)


if __name__ == "__main__":
    main()
