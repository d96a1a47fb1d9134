"""What the installed paddle was built for, read in its source without importing it, which takes a second and half a gigabyte."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class PaddleBuild:
    """`cuda` is empty for a build without; `architectures` as `86` for compute capability 8.6, none where the build does not say."""

    version: str
    cuda: str
    architectures: tuple[int, ...]


def paddle_build(folder: Path) -> PaddleBuild | None:
    """Of the package paddle in `folder`: paddle 3.2 and 3.3 write `version/__init__.py` as they are built. None where it does not say."""
    try:
        module = ast.parse((folder / "version" / "__init__.py").read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return None
    values = {
        node.targets[0].id: node.value for node in module.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    version = _text(values.get("full_version"))
    if not version:
        return None
    cuda = _text(values.get("cuda_version"))
    numbers = re.findall(r"\d+", ast.unparse(values["compiled_cuda_archs"])) if "compiled_cuda_archs" in values else []
    return PaddleBuild(version, cuda if re.match(r"\d", cuda) else "", tuple(sorted({int(number) for number in numbers})))


def paddle_folder() -> Path | None:
    found = find_spec("paddle")
    return Path(found.origin).parent if found is not None and found.origin else None


def _text(node: ast.expr | None) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""
