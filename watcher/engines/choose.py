"""Which engine this machine can run, found out without importing an OCR framework."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

from watcher.engines.paddle.choice import PaddleFound, PaddleMissingError, PaddleWanted, find_paddle, gpu_visible
from watcher.engines.paddle.package import is_cpu_build, package_folder
from watcher.engines.port import EngineSpec
from watcher.engines.registry import MODULES

USUAL_FOLDERS = (
    "/usr/share/tesseract-ocr/*/tessdata",  # Debian, Ubuntu
    "/usr/share/tessdata",  # Arch, Alpine
    "/usr/share/tesseract/tessdata",  # Fedora, SUSE
    "/usr/local/share/tessdata",  # built from source; Homebrew on Intel
    "/opt/homebrew/share/tessdata",  # Homebrew
)
"""Where systems put Tesseract's language data."""

PADDLE = "paddleocr-vl"

_PACKAGES: dict[str, tuple[str, ...]] = {
    PADDLE: ("paddleocr", "paddle"),
    "tesseract": ("tesserocr",),
    "rapidocr": ("rapidocr", "onnxruntime"),
    "fake": (),
}
_INSTALL = "pip install 'paddleocr-watcher[cpu]'"
_INSTALL_PADDLE = (
    "pip install 'paddleocr-watcher[paddle]', and the paddlepaddle for your GPU as https://www.paddlepaddle.org.cn/install tells"
)

_RAPID_LANGUAGES = (
    "afr aze bos cat ces chi_sim chi_tra cym dan deu eng est eus fin fra gle glg hrv hun ind isl ita jpn lat lav lit mlt msa nld nor oci "
    "pol por ron slk slv spa sqi srp_latn swa swe tgl tur"
)
"""By Tesseract's names, the languages all of whose letters are in the dictionary of the model in RapidOCR's wheel (PP-OCRv6_rec_small)."""


@dataclass(frozen=True)
class Choice:
    """What to run, what people should know of it, and `facts` for the log."""

    spec: EngineSpec
    warnings: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


class EngineNotFoundError(Exception):
    """The engine asked for, or any at all, cannot run here. The text tells what to install or to set."""


def choose(
    name: str,
    languages: str,
    tessdata: Path | None,
    *,
    paddle: PaddleWanted | None = None,
    environ: Mapping[str, str] = os.environ,
    usual_folders: Sequence[str] = USUAL_FOLDERS,
) -> Choice:
    """The engine for `ocr.engine`: `auto` or one of the registry. Raises EngineNotFoundError.

    `languages` are Tesseract's names joined by `+`. Their data is looked for in `tessdata` alone where that is given, else
    under TESSDATA_PREFIX and in the usual folders. PaddleOCR-VL is the best by far where a GPU or a model server runs its language model.
    """
    if name != "auto" and name not in MODULES:
        raise EngineNotFoundError(f"ocr.engine = {name} is not part of this version: set it to auto, {', '.join(MODULES)}")
    if name != "auto" and (absent := _absent(name)):
        raise EngineNotFoundError(f"ocr.engine = {name} needs {' and '.join(absent)}: {_INSTALL_PADDLE if name == PADDLE else _INSTALL}")
    if name == "fake":
        return Choice(EngineSpec("fake"), ("ocr.engine = fake is a stand-in for tests: it reads nothing",))
    wanted = paddle or PaddleWanted()
    if name == PADDLE:
        try:
            return _with_paddle(find_paddle(wanted, package_folder(), environ, cpu_build=is_cpu_build()))
        except PaddleMissingError as error:
            raise EngineNotFoundError(f"ocr.engine = {PADDLE}: {error}") from error
    preferred = _preferred(wanted, environ) if name == "auto" else _PassedOver()
    if isinstance(preferred, Choice):
        return preferred
    try:
        choice = _lines(name, languages.split("+"), tessdata, _folders(tessdata, environ, usual_folders))
    except EngineNotFoundError as error:
        # where only PaddleOCR-VL is installed, as in the container image, why it cannot be used is what a person has to know
        raise EngineNotFoundError(f"{preferred.reason}. Else: {error}" if preferred.reason else str(error)) from error
    return replace(choice, warnings=(*choice.warnings, preferred.reason) if preferred.surprises else choice.warnings)


@dataclass(frozen=True)
class _PassedOver:
    """Why PaddleOCR-VL is not taken, and whether that may surprise where another engine reads."""

    reason: str = ""
    surprises: bool = False


def _preferred(wanted: PaddleWanted, environ: Mapping[str, str]) -> Choice | _PassedOver:
    """PaddleOCR-VL where it would be quick."""
    served = not wanted.needs_language
    if absent := _absent(PADDLE):
        needed = f"ocr.backend = {wanted.backend} is for PaddleOCR-VL, which needs {' and '.join(absent)}: {_INSTALL_PADDLE}"
        return _PassedOver(needed, True) if served else _PassedOver()
    try:
        found = find_paddle(wanted, package_folder(), environ, cpu_build=is_cpu_build())
    except PaddleMissingError as error:
        expected = served or wanted.models is not None or gpu_visible(environ)
        return _PassedOver(f"PaddleOCR-VL is installed, but is not used: {error}", expected)
    if found.suits:
        return _with_paddle(found)
    return _PassedOver(
        f"PaddleOCR-VL is installed, but is not used. {found.warnings[0]}, or set ocr.engine = {PADDLE} to do so all the same"
    )


def _with_paddle(found: PaddleFound) -> Choice:
    options = found.options
    facts = {
        "pipeline_version": options["version"],
        "layout_model": options["layout"],
        "language_model": options["language"] or "in the model server",
    }
    return Choice(EngineSpec(PADDLE, options), found.warnings, facts)


def _lines(name: str, wanted: Sequence[str], tessdata: Path | None, folders: Sequence[Path]) -> Choice:
    """One of the engines that find lines, for `auto` the better one that is here."""
    folder, missing = _language_data(wanted, folders)
    tesseract = Choice(EngineSpec("tesseract", {"languages": "+".join(wanted), "tessdata": str(folder)}))
    rapid = Choice(EngineSpec("rapidocr"), _unread_by_rapid(wanted))
    no_data = f"Tesseract has no language data for {', '.join(missing)}: {_install_data(missing, tessdata)}"
    if name == "rapidocr":
        return rapid
    if name == "tesseract":
        if missing:
            raise EngineNotFoundError(no_data)
        return tesseract
    if not _absent("tesseract") and not missing:
        return tesseract
    if not _absent("rapidocr"):
        better = f" For better results: {no_data if not _absent('tesseract') else _INSTALL}." if rapid.warnings else ""
        return Choice(rapid.spec, tuple(warning + better for warning in rapid.warnings))
    if not _absent("tesseract"):
        raise EngineNotFoundError(no_data)
    raise EngineNotFoundError(f"no engine is installed that could read documents: {_INSTALL}")


def _absent(name: str) -> list[str]:
    return [
        package for package in _PACKAGES[name] if (found := find_spec(package)) is None or found.origin is None
    ]  # a folder of that name


def _folders(tessdata: Path | None, environ: Mapping[str, str], usual_folders: Sequence[str]) -> list[Path]:
    if tessdata is not None:
        return [tessdata]
    prefix = environ.get("TESSDATA_PREFIX")
    named = [Path(prefix), Path(prefix) / "tessdata"] if prefix else []
    found = [folder for pattern in usual_folders for folder in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)]
    return [folder for folder in named + found if folder.is_dir()]


def _language_data(wanted: Sequence[str], folders: Iterable[Path]) -> tuple[Path | None, list[str]]:
    """The first folder that lacks the fewest languages, and those."""
    candidates = [(folder, [language for language in wanted if not (folder / f"{language}.traineddata").is_file()]) for folder in folders]
    return min(candidates, key=lambda candidate: len(candidate[1])) if candidates else (None, list(wanted))


def _install_data(missing: Sequence[str], tessdata: Path | None) -> str:
    if tessdata is not None:
        return f"put {', '.join(f'{language}.traineddata' for language in missing)} into {tessdata}, the folder of ocr.tessdata"
    packages = " ".join("tesseract-ocr-" + language.removeprefix("script/").lower().replace("_", "-") for language in missing)
    return f"apt-get install {packages}, or name the folder that has it in ocr.tessdata"


def _unread_by_rapid(wanted: Sequence[str]) -> tuple[str, ...]:
    unread = [language for language in wanted if language not in _RAPID_LANGUAGES.split()]
    return (f"RapidOCR cannot read {', '.join(unread)}: words in it will be missing or wrong.",) if unread else ()
