"""The image, built once for all tests here, on a base that stands in for the real one. The base, which takes minutes to make, is kept under build/."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from image.build import ROOT, Built, build
from image.buildah import Buildah
from image.container import PROGRAMS, Container
from image.package_index import lend
from image.stand_in_base import make_base, recipe

KEPT = ROOT / "build" / "image"
PACKAGES = {"buildah": "buildah", "debootstrap": "debootstrap", **dict.fromkeys(PROGRAMS, "util-linux mount")}
_TOLD = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in terminalreporter.config.stash.get(_TOLD, []):
        terminalreporter.write_line(f"image: {line}")


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Adds a line to the end of what pytest prints."""
    return request.config.stash.setdefault(_TOLD, []).append


@pytest.fixture(scope="session")
def buildah(require_program: Callable[[str, str], str]) -> Iterator[Buildah]:
    for program, package in PACKAGES.items():
        require_program(program, package)
    if os.geteuid() != 0:
        reason = "building and running an image without a container engine needs root"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        buildah = Buildah.at(KEPT)
        buildah("rm", "--all")  # containers of a run that was killed
        yield buildah


@pytest.fixture(scope="session")
def image(buildah: Buildah, tell: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    lent = tmp_path_factory.mktemp("package-index")
    index = lend(lent)
    base = f"localhost/stand-in-base:{recipe()}"
    started = time.monotonic()
    if not buildah.has(base):
        buildah("rmi", "--all", "--force")  # one of another recipe
        make_base(buildah, index, base)
        tell(f"the stand-in base was made in {time.monotonic() - started:.0f} s")
    started = time.monotonic()
    built = build(buildah, base, index, tmp_path_factory.mktemp("source"))
    tell(f"built on it in {time.monotonic() - started:.0f} s")
    shutil.rmtree(lent)
    yield built
    buildah("rmi", built.name)
    buildah("rmi", "--prune", "--force")


@pytest.fixture
def container(image: Built) -> Callable[[], AbstractContextManager[Container]]:
    """`with container() as it:` has the image's files to itself."""

    @contextmanager
    def make() -> Iterator[Container]:
        with image.buildah.mounted(image.name) as files:
            yield Container(files, image.config)

    return make
