"""JSON Schemas of what stands in the bucket, and of what commands print: `python -m watcher.results.schema docs/schema` writes them, one file each."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from watcher.domain.doctor import DoctorReport
from watcher.domain.fleet import Fleet
from watcher.domain.manifest import ErrorReport, Manifest
from watcher.domain.page import Page, Value
from watcher.results.document import Document
from watcher.results.structure import Structure

MODELS: dict[str, type[Value]] = {
    "document": Document,
    "page": Page,
    "structure": Structure,
    "manifest": Manifest,
    "error": ErrorReport,
    "doctor": DoctorReport,
    "status": Fleet,
}


def schemas() -> dict[str, str]:
    """Text of each schema by its file name."""
    return {f"{name}.schema.json": _schema(model) for name, model in MODELS.items()}


def _schema(model: type[Value]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(mode="serialization")}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Name the folder to write the schemas to: python -m watcher.results.schema docs/schema")
    write(Path(sys.argv[1]))
