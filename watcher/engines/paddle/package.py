"""What the installed paddleocr can do, read in its source without importing it: importing takes seconds and hundreds of megabytes."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from importlib.metadata import Distribution
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Abilities:
    """Versions of the pipeline, and the parameters of its constructor."""

    versions: tuple[str, ...]
    parameters: frozenset[str]


def abilities(folder: Path) -> Abilities | None:
    """Of the package in `folder`. None where its source does not say, as in a future version: then only loading shows it.

    paddleocr 3.3 knows v1 alone and has no parameter `pipeline_version`; 3.4 to 3.7 list theirs in `_AVAILABLE_PIPELINE_VERSIONS`.
    """
    try:
        module = ast.parse((folder / "_pipelines" / "paddleocr_vl.py").read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return None
    pipelines = [node for node in module.body if isinstance(node, ast.ClassDef) and node.name == "PaddleOCRVL"]
    constructors = [
        node for node in (pipelines[0].body if pipelines else []) if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    ]
    if not constructors:
        return None
    arguments = constructors[0].args
    parameters = frozenset(argument.arg for argument in (*arguments.args, *arguments.kwonlyargs))
    if "pipeline_version" not in parameters:
        return Abilities(("v1",), parameters)
    versions = [
        _texts(node.value) for node in module.body if isinstance(node, ast.Assign) and _names(node) == ["_AVAILABLE_PIPELINE_VERSIONS"]
    ]
    return Abilities(versions[0], parameters) if versions and versions[0] else None


def package_folder() -> Path | None:
    """Of the installed paddleocr."""
    found = find_spec("paddleocr")
    return Path(found.origin).parent if found is not None and found.origin else None


def is_cpu_build() -> bool:
    """Whether the installed paddle knows no GPU: each build has a name of its own as a package, and the plain one is for CPUs."""
    return bool(_installed("paddlepaddle")) and not _installed("paddlepaddle-gpu")


def _installed(name: str) -> list[Distribution]:
    return list(Distribution.discover(name=name))


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def _texts(node: ast.expr) -> tuple[str, ...]:
    elements = node.elts if isinstance(node, (ast.List, ast.Tuple)) else []
    return tuple(element.value for element in elements if isinstance(element, ast.Constant) and isinstance(element.value, str))
