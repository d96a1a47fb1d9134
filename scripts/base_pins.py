"""Print the version constraints for installing this package beside an OCR stack that stands already, as in the container's base image.

    python scripts/base_pins.py constraints.txt > pins.txt

Packages that are missing get our pinned versions. Packages that are there get no pin, so that pip leaves them as they are unless one of our
requirements excludes them. The framework and what it was compiled against are held at the version that is there, whatever else changes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path

HELD = re.compile(r"paddle.*|opencv-.*|numpy|safetensors")


def normalized(name: str) -> str:
    """The one spelling of a package's name (PyPA's rule for comparing names)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def base_pins(pins: Iterable[str], installed: Mapping[str, str]) -> Iterator[str]:
    """Of `pins` (lines `name==version`) those of packages not `installed` (normalized name to version), then the held packages."""
    for line in pins:
        name = line.partition("==")[0]
        if not line.startswith("#") and normalized(name) not in installed:
            yield line
    for name, version in sorted(installed.items()):
        if HELD.fullmatch(name):
            yield f"{name}=={version}"


if __name__ == "__main__":
    there = {normalized(found.metadata["Name"]): found.version for found in distributions()}
    print("\n".join(base_pins(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines(), there)))
