"""The PaddleOCR that tests run is the same one on every machine, and `make test` runs both."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.3", "3.7")
PIN = re.compile(r'([\w.-]+)(?:\[[\w-]+\])?==([\w.]+)(; python_version (<|>=) "3\.\d+")?')


def pinned(version: str) -> dict[str, set[str]]:
    """Versions by package, of all Pythons."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "tests" / "paddle" / f"requirements-{version}.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            match = PIN.fullmatch(line)
            assert match, f"not a plain pin: {line}"
            found.setdefault(normal(match[1]), set()).add(match[2])
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_package_that_is_installed_is_pinned(version: str) -> None:
    """Not those that make a virtual environment, nor the project itself."""
    folder = ROOT / "build" / f"paddle-{version}"
    if not (folder / ".installed").exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"paddleocr {version} is not installed: scripts/paddle.sh")
    command = [folder / "bin" / "python", "-m", "pip", "freeze", "--exclude-editable"]
    frozen = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.split()
    pins = pinned(version)
    assert [line for line in frozen if (pair := line.split("=="))[-1] not in pins.get(normal(pair[0]), set())] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_the_projects_own_packages_are_among_them(version: str) -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = re.findall(
        r'^  "([\w-]+)[>=]', text[text.index("dependencies = [") : text.index("]\n", text.index("dependencies = ["))], re.MULTILINE
    )
    assert len(wanted) > 10
    assert {normal(name) for name in wanted} <= set(pinned(version))
    assert {"paddleocr", "paddlepaddle", "pytest"} <= set(pinned(version))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_second_opencv_is_not_among_them(version: str) -> None:
    assert [name for name in pinned(version) if name.startswith("opencv")] == ["opencv-contrib-python"]
    assert not {"rapidocr", "onnxruntime"} & set(pinned(version))
