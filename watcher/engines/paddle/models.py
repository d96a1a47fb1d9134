"""Which versions of PaddleOCR-VL lie complete on the disk, told without importing a framework.

PaddleX takes any folder that exists for a model, and downloads one that does not: so folders are looked at here, and passed on by name.
The folders of a version: https://github.com/PaddlePaddle/PaddleOCR, section PaddleOCR-VL, and `official_models` as PaddleX 3.3 to 3.7 fill it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Release:
    """A version of the pipeline, and the folders of its models."""

    version: str
    language: str
    layout: str


RELEASES = (
    Release("v1.6", "PaddleOCR-VL-1.6", "PP-DocLayoutV3"),
    Release("v1.5", "PaddleOCR-VL-1.5", "PP-DocLayoutV3"),
    Release("v1", "PaddleOCR-VL", "PP-DocLayoutV2"),
)
"""The newest first."""

_IMAGE_HOME = "/home/paddleocr/.paddlex"  # of PaddleOCR's own container images
_LAYOUT_FILES = ("inference.yml", "inference.pdiparams")
_PROGRAMS = ("inference.json", "inference.pdmodel")  # PIR, and what was before it: one of them
_LANGUAGE_FILES = (
    "inference.yml",
    "config.json",
    "preprocessor_config.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "chat_template.jinja",
)
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "model_state.pdparams")  # one of them
_HEADER_BYTES = 100 * 2**20  # safetensors' own bound


@dataclass(frozen=True)
class Models:
    """One version whose models are there. `language` is None where a server has that model."""

    version: str
    layout: Path
    language: Path | None

    @property
    def names(self) -> dict[str, str]:
        return {"pipeline": self.version, "layout": self.layout.name, **({"language": self.language.name} if self.language else {})}


@dataclass(frozen=True)
class Search:
    """What was found, the newest first, and why each other folder does not count."""

    found: tuple[Models, ...]
    faults: tuple[str, ...]


def model_homes(models: Path | None, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where models are looked for: `models` alone where it is given."""
    if models is not None:
        return (models,)
    named = [environ.get("PADDLE_PDX_CACHE_HOME"), environ.get("PADDLEX_HOME")]
    usual = [str(Path(environ["HOME"]) / ".paddlex")] if environ.get("HOME") else []
    homes = [home for home in (*named, *usual, _IMAGE_HOME) if home]
    return tuple(Path(home) / "official_models" for home in dict.fromkeys(homes))


def search(homes: Sequence[Path], version: str, *, needs_language: bool) -> Search:
    """`version` as the setting has it: `auto` or one of the releases. A version's two folders may stand in different homes."""
    wanted = [release for release in RELEASES if version in ("auto", release.version)]
    folders = {release.layout: _layout_fault for release in wanted}
    if needs_language:
        folders.update((release.language, _language_fault) for release in wanted)
    there: dict[str, Path] = {}
    faults: list[str] = []
    absent: list[str] = []
    for name, fault_of in folders.items():
        candidates = [home / name for home in homes if (home / name).is_dir()]
        failed = [f"{folder} {fault}" for folder in candidates if (fault := fault_of(folder))]
        whole = [folder for folder in candidates if not fault_of(folder)]
        if whole:
            there[name] = whole[0]
        elif failed:
            faults += failed
        else:
            absent.append(name)
    found = tuple(
        Models(release.version, there[release.layout], there.get(release.language))
        for release in wanted
        if release.layout in there and (release.language in there or not needs_language)
    )
    return Search(found, (*faults, *([f"none of them holds {', '.join(absent)}"] if absent else [])))


def not_found(homes: Sequence[Path], version: str, faults: Sequence[str], *, needs_language: bool) -> str:
    """What to tell a person, naming every folder that was looked for."""
    wanted = [release for release in RELEASES if version in ("auto", release.version)]
    sets = [f"{release.version}: {f'{release.language} and ' if needs_language else ''}{release.layout}" for release in wanted]
    return (
        f"the models of PaddleOCR-VL are not there. Looked for {'; '.join(sets)}, in {', '.join(map(str, homes))}; {'; '.join(faults)}. "
        "Copy whole model folders to one of these, or name the folder that holds them in ocr.models; nothing is downloaded"
    )


def _layout_fault(folder: Path) -> str:
    return _lacking(folder, _LAYOUT_FILES) or _lacking_all(folder, _PROGRAMS)


def _language_fault(folder: Path) -> str:
    return _lacking(folder, _LANGUAGE_FILES) or _lacking_all(folder, _WEIGHTS) or _cut_off(folder)


def _lacking(folder: Path, names: Sequence[str]) -> str:
    missing = [name for name in names if not _is_there(folder / name)]
    return f"lacks {', '.join(missing)}" if missing else ""


def _lacking_all(folder: Path, names: Sequence[str]) -> str:
    return "" if any(_is_there(folder / name) for name in names) else f"lacks {' or '.join(names)}"


def _is_there(path: Path) -> bool:
    """A file of no bytes is what an interrupted download, or a pointer that was not followed, leaves."""
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False


def _cut_off(folder: Path) -> str:
    """The weights say themselves how long they are."""
    try:
        for shard in _shards(folder):
            if not _is_there(folder / shard):
                return f"lacks {shard}"
            size = (folder / shard).stat().st_size
            if size < (whole := _safetensors_bytes(folder / shard)):
                return f"holds {size} of the {whole} bytes of {shard}: copy it again"
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        return f"holds weights that cannot be read ({type(error).__name__}): copy them again"
    return ""


def _shards(folder: Path) -> list[str]:
    if _is_there(folder / "model.safetensors"):
        return ["model.safetensors"]
    index = folder / "model.safetensors.index.json"
    if not _is_there(index):
        return []
    return sorted({Path(str(shard)).name for shard in json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()})


def _safetensors_bytes(path: Path) -> int:
    """Of the whole file, by its header: 8 bytes of length, JSON with the offsets of each tensor, then the tensors."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _HEADER_BYTES:
            raise ValueError("no header")
        header = file.read(length)
    if len(header) < length:
        return 8 + length
    tensors = [entry for name, entry in json.loads(header).items() if name != "__metadata__"]
    return 8 + length + max((int(entry["data_offsets"][1]) for entry in tensors), default=0)
