# SPDX-License-Identifier: BSD-2-Clause
"""The driver of all tests, scripts/test.py: what it makes of skipped cases and of an emulator that cannot be had."""
import importlib.util
import pathlib
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("driver", TOP / "scripts/test.py")
driver = importlib.util.module_from_spec(spec)
spec.loader.exec_module(driver)

RESULTS = """<testsuites><testsuite><testcase classname="t" name="good"/>
<testcase classname="t" name="bad"><failure message="m">why</failure></testcase>
<testcase classname="t" name="absent"><skipped message="no emulator"/></testcase>
<testcase classname="t" name="forbidden"><skipped message="not permitted here: loop devices"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def report(tmp_path):
    def read():
        (tmp_path / "results.xml").write_text(RESULTS)
        found = driver.Report()
        driver.pytest_cases(found, tmp_path / "results.xml", "")
        return found
    return read


def test_skipped_cases_are_named(report, capsys, monkeypatch):
    monkeypatch.setattr(driver, "NO_SKIPS", False)
    report().summary()
    said = capsys.readouterr().out
    assert "skipped, no emulator: t.absent" in said
    assert said.endswith("1 passed, 1 failed\n")


def test_skipped_cases_fail_where_nothing_may_be_missing(report, capsys, monkeypatch):
    monkeypatch.setattr(driver, "NO_SKIPS", True)
    report().summary()
    said = capsys.readouterr().out
    assert "failed: t.absent" in said and "skipped (no emulator)" in said
    assert "skipped, not permitted here: loop devices: t.forbidden" in said
    assert said.endswith("1 passed, 2 failed\n")


@pytest.fixture
def builder(tmp_path, monkeypatch):
    """An emulator that is not there yet, and a script that would build it."""
    def make(script):
        path = tmp_path / "build.sh"
        path.write_text(f"#!/bin/sh\nif [ \"${{1:-}}\" = --path ]; then echo {tmp_path}/emulator; exit; fi\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("QUIRE_SETUP", "no")
        monkeypatch.chdir(TOP)
        return driver.Outside(str(path), "emulator", "emulator of the VisionFive 2")
    return make


def test_an_emulator_is_built_once(builder, tmp_path):
    script = f"echo built >>{tmp_path}/log; touch {tmp_path}/emulator; chmod +x {tmp_path}/emulator"
    builder(script).wait()
    builder(script).wait()
    assert (tmp_path / "log").read_text() == "built\n"


def test_an_emulator_that_cannot_be_had_is_told(builder, capsys):
    builder("echo working; echo no network; exit 1").wait()
    assert "no emulator of the VisionFive 2: no network" in capsys.readouterr().out


def test_the_building_ends_with_the_tests(builder):
    emulator = builder("sleep 1000 & wait")
    start = time.monotonic()
    emulator.stop()
    assert emulator.process.wait(timeout=60) != 0 and time.monotonic() - start < 60
