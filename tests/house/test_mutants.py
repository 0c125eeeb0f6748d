# SPDX-License-Identifier: BSD-2-Clause
"""The mutants' patches fit the tree as it is, and name tests that there are: whether they are caught is for `make mutants`,
which is a longer run."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PATCHES = sorted((TOP / "tests/mutants").glob("*.patch"))


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_applies(patch):
    done = subprocess.run(["git", "apply", "-p1", "--check", str(patch)], cwd=TOP, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def named(kind):
    """The tests of a kind that mutants name."""
    return sorted({test for patch in PATCHES for test in re.findall(rf"^# test: {kind} (.*\S)$", patch.read_text(), re.M)})


@pytest.mark.parametrize("kind", ["boot", "boards"])
def test_pytest_knows_the_tests(kind):
    tests = [f"tests/{kind}/{test}" for test in named(kind)]
    environment = {name: value for name, value in os.environ.items() if name != "QUIRE_TEST_ALL"}  # it renames cases
    done = subprocess.run([sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider", *tests], cwd=TOP,
                          env=environment, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("test", named("host"))
def test_host_has_the_case(test):
    program, case = test.split()
    assert re.search(rf"\bvoid {case}\(void ", (TOP / f"tests/host/test_{program}.c").read_text())
