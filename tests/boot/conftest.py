# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures and marks. `smoke` tests together take less than a minute; `full` tests (whole products, long stress) run
with QUIRE_TEST_ALL=1 only; all others are the default run. places.py says which machines tests get."""
import inspect
import re

import pytest

import harness
import places
from harness import Machine, Shared


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: part of the first opinion, under a minute in all")
    config.addinivalue_line("markers", "full: whole products and long runs, with QUIRE_TEST_ALL=1")
    config.addinivalue_line("markers", "debug: of what only DEBUG=1 builds have, which boot in a run of their own")


def debug_build():
    flags = harness.BUILD / ".flags"  # what the image was compiled with
    return flags.exists() and "-DDEBUG=1" in flags.read_text()


def deselect(config, items, marker):
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker(marker)])
    items[:] = [item for item in items if not item.get_closest_marker(marker)]


def pytest_collection_modifyitems(config, items):
    if not debug_build():
        deselect(config, items, "debug")
    if not harness.TEST_ALL:
        for item in items:
            if item.get_closest_marker("full"):
                item.add_marker(pytest.mark.skip(reason="a long run: make test-all"))


def pytest_generate_tests(metafunc):
    """In the long run each test is run on each machine. A test that says `smp` itself knows which ones it wants."""
    if not harness.TEST_ALL:
        return
    if "shell" in metafunc.fixturenames:
        metafunc.parametrize("place", places.ALL, indirect=True)
    elif "machine" in metafunc.fixturenames and "smp" not in inspect.getsource(metafunc.function):
        metafunc.parametrize("place", list(places.VIRT), indirect=True)


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
def place(request):
    """The name of the machine that a test runs on."""
    kinds = places.SAMPLED if "shell" in request.fixturenames else places.VIRT
    return getattr(request, "param", None) or places.sample(request.node.name, list(kinds))


@pytest.fixture
def machine(request, place):
    """Makes machines: machine(smp=2, ...) starts one; they end with the test. Without smp= it is the test's place."""
    started = request.node.machines = []

    def start(**options):
        if options.get("machine", "virt").startswith("virt"):
            options = {**places.VIRT[place], **options}
        number = f"-{len(started)}" if started else ""
        started.append(Machine(log_name(request.node) + number, **options))
        return started[-1]

    yield start
    for m in started:
        m.close()


class SharedPlaces:
    """A Shared for each kind of machine."""

    def __init__(self, worker):
        self.worker, self.places = worker, {}

    def at(self, place):
        if place not in self.places:
            self.places[place] = Shared(lambda n: places.start(place, f"shared{self.worker}-{place}-{n}").boot())
        return self.places[place]


@pytest.fixture(scope="session")
def shared(worker_name):
    machines = SharedPlaces(worker_name)
    yield machines
    for one in machines.places.values():
        one.drop()


@pytest.fixture(scope="session")
def worker_name(request):
    """Several workers (pytest-xdist) each have their own machine."""
    return getattr(request.config, "workerinput", {}).get("workerid", "")


@pytest.fixture
def shell(request, shared, place):
    """A machine at its prompt that other tests use too."""
    yield from shared.at(place).lend(request)
