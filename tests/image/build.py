"""Builds the image by the project's own script, from a copy of the working tree with private files planted in it."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from image.buildah import Buildah, BuildahError
from image.package_index import PackageIndex

from watcher import __version__

ROOT = Path(__file__).parents[2]
NAME = "localhost/paddleocr-watcher"
PLANTED = (".env", "config.toml", "watcher/.env", "data/incoming/contract.txt")
"""What people have lying in a working copy, and nobody wants in an image."""
_SECONDS = 600


@dataclass(frozen=True)
class Built:
    """`source` is what it was built from. None of `private` may be in it: the way to the package index, what the planted files say."""

    buildah: Buildah
    base: str
    name: str
    source: Path
    private: frozenset[str] = field(repr=False)

    @property
    def config(self) -> dict[str, Any]:
        return self.config_of(self.name)

    def config_of(self, image: str) -> dict[str, Any]:
        found: dict[str, Any] = self.buildah.inspect(image)["Docker"]["config"]
        return found


def build(buildah: Buildah, base: str, index: PackageIndex, source: Path) -> Built:
    """`source` is an empty folder. Raises BuildahError."""
    _copy_working_tree(source)
    password = f"planted-{secrets.token_hex(8)}"
    for name in PLANTED:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(f"CLOUDRU_S3_SECRET_KEY={password}\n", encoding="utf-8")
    # in layers as docker makes them, and all of them anew: buildah does not see that a lent file has changed
    command = [source / "scripts" / "image.sh", NAME, base, "--layers", "--no-cache", "--pull-never", *index.options]
    environment = {**buildah.environment, "BUILDER": "buildah", "CLOUDRU_S3_SECRET_KEY": password}
    built = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if built.returncode:
        raise BuildahError((built.stdout + built.stderr)[-4000:])
    return Built(buildah, base, f"{NAME}:{__version__}", source, frozenset((password, *index.addresses)))


def _copy_working_tree(folder: Path) -> None:
    """What git has or would take."""
    listing = ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in names:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
