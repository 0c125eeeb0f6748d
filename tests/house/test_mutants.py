# SPDX-License-Identifier: BSD-2-Clause
"""The mutants' patches fit the tree as it is: whether they are caught is for `make mutants`, which is a longer run."""
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PATCHES = sorted((TOP / "tests/mutants").glob("*.patch"))


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_applies(patch):
    done = subprocess.run(["git", "apply", "-p1", "--check", str(patch)], cwd=TOP, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
