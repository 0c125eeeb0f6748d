# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures and marks. `smoke` tests together take less than a minute; `full` tests (whole products, long stress) run
with QUIRE_TEST_ALL=1 only; all others are the default run."""
import re

import pytest

import harness
from harness import Machine, Shared


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: part of the first opinion, under a minute in all")
    config.addinivalue_line("markers", "full: whole products and long runs, with QUIRE_TEST_ALL=1")


def pytest_collection_modifyitems(items):
    if not harness.TEST_ALL:
        for item in items:
            if item.get_closest_marker("full"):
                item.add_marker(pytest.mark.skip(reason="a long run: make test-all"))


def log_name(item):
    return re.sub(r"[^\w.-]+", "_", item.nodeid.split("/")[-1])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows the end of the console of each machine that a failed test used."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        item.failed = True
        for machine in getattr(item, "machines", []):
            report.sections.append((f"console, from {machine.path}", machine.text()[-6000:]))


@pytest.fixture
def machine(request):
    """Makes machines: machine(smp=2, ...) starts one; they end with the test."""
    started = request.node.machines = []

    def start(**options):
        number = f"-{len(started)}" if started else ""
        started.append(Machine(log_name(request.node) + number, **options))
        return started[-1]

    yield start
    for m in started:
        m.close()


@pytest.fixture(scope="session")
def shared(worker_name):
    machine = Shared(lambda n: Machine(f"shared{worker_name}-{n}", smp=2).boot())
    yield machine
    machine.drop()


@pytest.fixture(scope="session")
def worker_name(request):
    """Several workers (pytest-xdist) each have their own machine."""
    return getattr(request.config, "workerinput", {}).get("workerid", "")


@pytest.fixture
def shell(request, shared):
    """A machine at its prompt that other tests use too. A test that fails gets it replaced."""
    machine = shared.get()
    request.node.machines = [machine]
    yield machine
    if getattr(request.node, "failed", False):
        shared.drop()
