"""Folders that look like those of PaddleOCR-VL's models, with hardly anything in them. No model is in any."""

from __future__ import annotations

import json
from pathlib import Path

LANGUAGE_FILES = (
    "inference.yml",
    "config.json",
    "preprocessor_config.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "chat_template.jinja",
)
LAYOUT_FILES = ("inference.yml", "inference.json", "inference.pdiparams")


def layout_model(home: Path, name: str) -> Path:
    return _filled(home / name, LAYOUT_FILES)


def language_model(home: Path, name: str) -> Path:
    folder = _filled(home / name, LANGUAGE_FILES)
    (folder / "model.safetensors").write_bytes(safetensors(100))
    return folder


def safetensors(size: int) -> bytes:
    header = json.dumps({"__metadata__": {"format": "pt"}, "weight": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(size)


def _filled(folder: Path, names: tuple[str, ...]) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("{}", encoding="utf-8")
    return folder
