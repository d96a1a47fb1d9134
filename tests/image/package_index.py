"""This machine's way to the package index, lent to a build of an image without leaving it there.

pip's settings (of its files and its environment) become one file, which the build finds mounted; folders and certificates that they name are
mounted beside it. `base.Dockerfile` makes the places for these mounts.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

PLACE = Path("/srv/pip")
FOLDERS = 4
_ADDRESSES = ("index-url", "extra-index-url", "find-links")
_FILES = ("cert", "client-cert")
_PLAIN = ("no-index", "proxy", "trusted-host", "timeout", "default-timeout", "retries")


@dataclass(frozen=True)
class PackageIndex:
    """`options` for buildah, and the `addresses` that must not be found in an image."""

    options: tuple[str, ...]
    addresses: tuple[str, ...] = field(repr=False)  # may hold passwords


def configured(listing: str) -> dict[str, str]:
    """The settings of `pip config list` that lead to packages. As in pip, a variable of the environment wins over a file."""
    found: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for line in listing.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(f"{section}."):
                found[name.removeprefix(f"{section}.")] = str(ast.literal_eval(value))
    return {name: value for name, value in found.items() if name in _ADDRESSES + _FILES + _PLAIN}


def lend(folder: Path) -> PackageIndex:
    """`folder` is empty, and stays until the build has ended."""
    listing = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True, timeout=60)
    settings = configured(listing.stdout)
    places = iter(range(FOLDERS))
    mounts = [(folder, PLACE / "config")]
    lines = ["[global]"]
    for name, value in settings.items():
        if name in _FILES:
            shutil.copyfile(value, folder / name)
            value = str(PLACE / "config" / name)
        if name in _ADDRESSES:
            reached = [moved(name, address, places) for address in value.split()]
            mounts += [mount for _, mount in reached if mount]
            value = " ".join(address for address, _ in reached)
        lines.append(f"{name} = {value}")
    (folder / "pip.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    addresses = [address for name in _ADDRESSES for address in settings.get(name, "").split()]
    return PackageIndex(
        tuple(option for there, here in mounts for option in ("--volume", f"{there}:{here}:ro")),
        (str(PLACE), *addresses),
    )


def moved(name: str, address: str, places: Iterator[int]) -> tuple[str, tuple[Path, Path] | None]:
    """The address as the build has it, and the mount that this needs (folder of this machine, place in the build), at the next of `places`."""
    url = urlsplit(address)
    folder = Path(unquote(url.path))
    if url.scheme not in ("", "file") or not folder.is_absolute():
        return address, None
    if not folder.is_dir():
        return "", None  # as pip does: what is not there is passed over
    place = PLACE / str(next(places))
    if name == "find-links":
        return str(place), (folder, place)
    # the pages of an index link to files that stand beside it
    return f"file://{place / folder.name}", (folder.parent, place)
