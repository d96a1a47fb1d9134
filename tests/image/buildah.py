"""buildah without a container engine: with a store of its own, and commands that run in a chroot."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DRIVERS = ("overlay", "vfs")  # vfs copies every layer, and works everywhere


class BuildahError(Exception):
    """Ends with what the program said."""


@dataclass(frozen=True)
class Buildah:
    """Images and containers that stand under `folder`."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Buildah:
        """Raises BuildahError where no storage driver works."""
        folder.mkdir(parents=True, exist_ok=True)
        buildah = cls(folder)
        for driver in _DRIVERS:
            store = {"driver": driver, "graphroot": folder / "storage", "runroot": folder / "run"}
            lines = [f'{name} = "{value}"' for name, value in store.items()]
            (folder / "storage.conf").write_text("\n".join(["[storage]", *lines, ""]), encoding="utf-8")
            try:
                buildah("info")
            except BuildahError:
                if driver == _DRIVERS[-1]:
                    raise
            else:
                break
        return buildah

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"), "BUILDAH_ISOLATION": "chroot"}

    def __call__(self, *arguments: str | Path, seconds: float = 300) -> str:
        done = subprocess.run(
            ["buildah", *map(str, arguments)], env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        if done.returncode:
            raise BuildahError(f"buildah {arguments[0]}: {(done.stdout + done.stderr)[-4000:]}")
        return done.stdout.strip()

    def has(self, image: str) -> bool:
        return bool(self("images", "--quiet", "--filter", f"reference={image}"))

    def inspect(self, image: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("inspect", "--type", "image", image))
        return found

    def layers_above(self, base: str, image: str, folder: Path) -> list[Path]:
        """The layers, as archives in the empty `folder`, that `image` has above those of `base`."""
        below, all_of_it = (
            [layer.removeprefix("sha256:") for layer in self.inspect(name)["OCIv1"]["rootfs"]["diff_ids"]] for name in (base, image)
        )
        if all_of_it[: len(below)] != below:
            raise BuildahError(f"{image} does not stand on {base}")
        blobs = folder / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        for layer in below:  # what stands there already is not copied: gigabytes less
            (blobs / layer).touch()
        self("push", "--quiet", "--disable-compression", image, f"oci:{folder}")
        (manifest,) = json.loads((folder / "index.json").read_text(encoding="utf-8"))["manifests"]
        layers = json.loads(_blob(blobs, manifest["digest"]).read_text(encoding="utf-8"))["layers"]
        return [_blob(blobs, layer["digest"]) for layer in layers[len(below) :]]

    @contextmanager
    def mounted(self, image: str) -> Iterator[Path]:
        """The files of a new container of it, which may be changed."""
        container = self("from", "--pull-never", image)
        try:
            yield Path(self("mount", container))
        finally:
            self("rm", container)


def _blob(folder: Path, digest: str) -> Path:
    return folder / digest.removeprefix("sha256:")
