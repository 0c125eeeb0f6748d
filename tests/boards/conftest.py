# SPDX-License-Identifier: BSD-2-Clause
"""Tests of what concerns single boards. The machines and marks are those of tests/boot."""
import importlib.util
import pathlib
import sys

BOOT = pathlib.Path(__file__).resolve().parents[1] / "boot"
sys.path[:0] = [str(BOOT)]

spec = importlib.util.spec_from_file_location("boot_conftest", BOOT / "conftest.py")
boot = importlib.util.module_from_spec(spec)
spec.loader.exec_module(boot)

pytest_configure = boot.pytest_configure
pytest_collection_modifyitems = boot.pytest_collection_modifyitems
pytest_runtest_makereport = boot.pytest_runtest_makereport
machine = boot.machine
place = boot.place
