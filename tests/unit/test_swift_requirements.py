"""The Swift that tests run is the same one on every machine."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from servers.swift import PYTHON

REQUIREMENTS = Path(__file__).parents[1] / "servers" / "swift-requirements.txt"


def pinned() -> set[str]:
    lines = [line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert all(re.match(r"[\w-]+==[\w.]+(; python_version (<|>=) \"3\.\d+\")?$", line) for line in lines), lines
    return {line.split(";")[0] for line in lines}


def test_every_package_that_is_installed_is_pinned() -> None:
    """Not those that make a virtual environment: pip and setuptools."""
    if not PYTHON.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("OpenStack Swift is not installed: scripts/swift.sh")
    frozen = subprocess.run([PYTHON, "-m", "pip", "freeze"], capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert {package.lower() for package in frozen} <= {package.lower() for package in pinned()}
