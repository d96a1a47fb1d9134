"""Whether PaddleOCR-VL can read here, told without importing it: its models, what the installed package can do with them, and a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from watcher.engines.paddle.models import Models, Search, model_homes, not_found, search
from watcher.engines.paddle.package import Abilities, abilities


@dataclass(frozen=True)
class PaddleWanted:
    """What the settings ask of it: `version` is `auto` or one of the pipeline's, `models` the folder that holds them."""

    backend: str = "native"
    version: str = "auto"
    models: Path | None = None
    devices: tuple[str, ...] = ("auto",)
    seals: bool = False

    @property
    def needs_language(self) -> bool:
        """A model server has that model itself."""
        return self.backend == "native"


@dataclass(frozen=True)
class PaddleFound:
    """The models to read with, what people should know of that, and `suits`: whether it reads a page in seconds rather than minutes."""

    models: Models
    warnings: tuple[str, ...]
    suits: bool

    @property
    def options(self) -> dict[str, object]:
        """As the engine's `load` takes them."""
        language = self.models.language
        return {"version": self.models.version, "layout": str(self.models.layout), "language": str(language) if language else None}


class PaddleMissingError(Exception):
    """Its models are not there, or the installed package cannot use those that are. The text tells what was looked for and what to do."""


def find_paddle(
    wanted: PaddleWanted, package: Path | None, environ: Mapping[str, str], *, cpu_build: bool = False, dev: Path = Path("/dev")
) -> PaddleFound:
    """`package`: the folder of the installed paddleocr; `cpu_build`: the installed paddle cannot use a GPU. Raises PaddleMissingError."""
    homes = model_homes(wanted.models, environ)
    found = search(homes, wanted.version, needs_language=wanted.needs_language)
    known = abilities(package) if package is not None else None
    if not found.found:
        raise PaddleMissingError(not_found(homes, wanted.version, found.faults, needs_language=wanted.needs_language))
    models = _fitting(found, known)
    gpu = _on_gpu(wanted, environ, dev)
    suits = not wanted.needs_language or (gpu and not cpu_build)
    remedy = "Install paddlepaddle-gpu, since the paddlepaddle that is installed knows no GPU" if gpu else "Use a machine with a GPU"
    slow = f"PaddleOCR-VL computes on the CPU: that takes minutes a page. {remedy}, or a model server (ocr.backend)"
    passed_over = (
        f"PaddleOCR-VL {found.found[0].version} is on the disk, but the installed paddleocr cannot read with it: {models.version} is used"
    )
    unread = "ocr.seals = read needs paddleocr 3.4 or newer: seals stay pictures"
    warnings = (
        *(() if suits else (slow,)),
        *(() if models == found.found[0] else (passed_over,)),
        *((unread,) if wanted.seals and known is not None and "use_seal_recognition" not in known.parameters else ()),
    )
    return PaddleFound(models, warnings, suits)


def gpu_visible(environ: Mapping[str, str], dev: Path = Path("/dev")) -> bool:
    """Whether there is an NVIDIA GPU that this process may use: by the driver's device files (`dxg` in Windows' Linux), and what hides them."""
    if environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1") or environ.get("NVIDIA_VISIBLE_DEVICES") in ("void", "none"):
        return False
    return any(dev.glob("nvidia[0-9]*")) or (dev / "dxg").exists()


def _fitting(found: Search, known: Abilities | None) -> Models:
    """The newest that the package can use; where it does not say which, loading shows it."""
    fitting = [models for models in found.found if known is None or models.version in known.versions]
    if fitting:
        return fitting[0]
    there = ", ".join(f"{models.version} ({models.layout.parent})" for models in found.found)
    assert known is not None  # noqa: S101 - else all fit
    raise PaddleMissingError(
        f"the installed paddleocr reads with models of {', '.join(known.versions)}, and those on the disk are of {there}: "
        "install a newer paddleocr (pip install 'paddleocr[doc-parser]'), or put models of an older version there"
    )


def _on_gpu(wanted: PaddleWanted, environ: Mapping[str, str], dev: Path) -> bool:
    named = [device for device in wanted.devices if device.startswith("gpu")]
    return bool(named) or ("auto" in wanted.devices and gpu_visible(environ, dev))
