#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Shows that the tests can fail: breaks one promise at a time and demands that the test named for it notices.

    run.py [NAME...]        all mutants, or those; status 1 when one survives or cannot be tried

A mutant is a patch tests/mutants/NAME.patch against the tree. The text above its first "---" line says which promise it
breaks, and names the test:

    test: boot tests/boot/FILE.py::CASE     a whole image in an emulator (pytest's name of the case)
    test: host NAME                         the host test tests/host/test_NAME.c

Each is applied to a copy of the tree (the tracked files as they are now), built there, and run. The same test has to
pass on the unchanged copy first: a test that fails anyway shows nothing.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
HERE = TOP / "tests/mutants"
CACHE = pathlib.Path(TOP, os.environ.get("CACHE", "build/cache"))
PYTHON = os.environ.get("PYTHON", "/usr/bin/python3")
SECONDS = 900


class Unusable(Exception):
    """A mutant that cannot be tried: the patch does not apply, the build fails, the test fails without it."""


class Mutant:
    def __init__(self, path):
        self.name, self.path = path.stem, path
        head = path.read_text().split("\n--- ", 1)[0]
        m = re.search(r"^test: (boot|host) (\S+)$", head, re.M)
        if not m:
            raise SystemExit(f"{path}: no line `test: boot|host NAME`")
        self.kind, self.test = m[1], m[2]
        self.promise = " ".join(line.strip() for line in head.splitlines() if line and not line.startswith("test:"))


def run(command, where):
    """(exit status, output) in a copy; a status of None is a test that hangs."""
    environment = {**os.environ, "BUILD": "build", "CACHE": str(CACHE), "QUIRE_SETUP": "no", "DEBUG": "0",
                   "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("MAKEFLAGS", None)
    try:
        done = subprocess.run(command, cwd=where, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, errors="replace", timeout=SECONDS, check=False)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as e:
        return None, (e.stdout or b"").decode(errors="replace")


def must(command, where, what):
    status, output = run(command, where)
    if status != 0:
        raise Unusable(f"{what}:\n{output[-2000:]}")


def copy_tree(to):
    names = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (TOP / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, to / name, follow_symlinks=False)


def build(mutant, where):
    jobs = f"-j{os.cpu_count() or 1}"
    if mutant.kind == "host":
        must(["make", jobs, "-f", "mk/host.mk", f"build/host/test_{mutant.test}"], where, "it does not build")
    else:
        must(["make", jobs, "-f", "mk/build.mk", "all"], where, "it does not build")


def try_test(mutant, where):
    """(exit status, output) of the named test. pytest's status is 1 when a case failed; other ones are accidents."""
    if mutant.kind == "host":
        return run([f"build/host/test_{mutant.test}"], where)
    status, output = run([PYTHON, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.test], where)
    if status not in (0, 1, None):
        raise Unusable(f"pytest ended with status {status}:\n{output[-2000:]}")
    return status, output


def passes_unchanged(mutant, where, known):
    if (mutant.kind, mutant.test) not in known:
        build(mutant, where)
        known[mutant.kind, mutant.test] = try_test(mutant, where)
    status, output = known[mutant.kind, mutant.test]
    if status != 0:
        raise Unusable(f"{mutant.test} fails on the unchanged tree:\n{output[-2000:]}")


def dies(mutant, where):
    """Applies, builds, tests, takes back."""
    must(["patch", "-p1", "--no-backup-if-mismatch", "-i", str(mutant.path)], where, "the patch does not apply")
    try:
        build(mutant, where)
        return try_test(mutant, where)[0] != 0
    finally:
        must(["patch", "-p1", "-R", "--no-backup-if-mismatch", "-i", str(mutant.path)], where, "the patch sticks")


def main():
    mutants = [Mutant(p) for p in sorted(HERE.glob("*.patch")) if not sys.argv[1:] or p.stem in sys.argv[1:]]
    counts = {"killed": 0, "SURVIVED": 0, "UNUSABLE": 0}
    known = {}
    with tempfile.TemporaryDirectory(prefix="quire-mutants-") as folder:
        where = pathlib.Path(folder)
        copy_tree(where)
        for mutant in mutants:
            try:
                passes_unchanged(mutant, where, known)
                verdict, why = ("killed" if dies(mutant, where) else "SURVIVED"), ""
            except Unusable as e:
                verdict, why = "UNUSABLE", str(e)
            counts[verdict] += 1
            print(f"{verdict:9} {mutant.name}: {mutant.promise} [{mutant.test}]", flush=True)
            if why:
                print("    " + why.strip().replace("\n", "\n    "), flush=True)
    print(", ".join(f"{n} {verdict}" for verdict, n in counts.items()))
    sys.exit(0 if mutants and counts["killed"] == len(mutants) else 1)


if __name__ == "__main__":
    main()
