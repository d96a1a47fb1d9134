"""Fixtures that every tier shares."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator

import pytest
from servers.ceph import PACKAGES, PROGRAMS, CephServer, run_ceph
from servers.s3_server import S3Server
from servers.swift import PYTHON, run_swift

RequireProgram = Callable[[str, str], str]


def pytest_configure() -> None:
    """Whoever starts a run in the background has it ignore Ctrl-C, and so would the programs that are interrupted here."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def require_program() -> RequireProgram:
    """`require_program(name, package)`: the program's path. Where it is absent the test is skipped by name, and fails in CI."""

    def require(name: str, package: str) -> str:
        path = shutil.which(name)
        if path is not None:
            return path
        reason = f"`{name}` is not installed: apt-get install {package}"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)

    return require


@pytest.fixture(scope="session")
def ceph(require_program: RequireProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CephServer]:
    """A real S3 server, whose conditional PUT is atomic; `ceph.new_bucket()` gives the configuration of a bucket of the test's own."""
    for program in PROGRAMS:
        require_program(program, PACKAGES)
    with run_ceph(tmp_path_factory.mktemp("ceph")) as server:
        yield server


@pytest.fixture(scope="session")
def moto_server() -> Iterator[S3Server]:
    """moto, handling one request at a time, so that its conditional PUT is atomic."""
    from servers.moto import run_moto  # here, since the environments with PaddleOCR have no moto

    with run_moto(one_at_a_time=True) as server:
        yield server


@pytest.fixture(scope="session")
def racy_moto_server() -> Iterator[S3Server]:
    """moto as it comes: 1 to 4 in 100 races of conditional PUTs have several winners."""
    from servers.moto import run_moto

    with run_moto(one_at_a_time=False) as server:
        yield server


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real object store that refuses a create in turn, yet lets several of racing ones win. Where it is absent the test is skipped by name."""
    if not PYTHON.exists():
        reason = "OpenStack Swift is not installed: scripts/swift.sh"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with run_swift(tmp_path_factory.mktemp("swift")) as server:
        yield server
