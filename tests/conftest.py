"""Fixtures that every tier shares."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest

RequireProgram = Callable[[str, str], str]


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
