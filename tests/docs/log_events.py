"""The events that the program may write to its log as a warning or an error, read from its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scripts.site_pages import ROOT

_LEVELS = {"warning", "error", "exception"}
_INDIRECT = {"tell", "_store_failed", "log"}
"""Functions of ours that choose the level, and structlog's `log(level, event)`."""
_EVENT = re.compile("[a-z]+(_[a-z]+)+")


def warnings_and_errors() -> set[str]:
    return {event for path in (ROOT / "watcher").rglob("*.py") for event in _in(ast.parse(path.read_text(encoding="utf-8")))}


def _in(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _name(node.func) in _LEVELS | _INDIRECT:
            for argument in node.args[:2]:
                yield from (text for text in _texts(argument) if _EVENT.fullmatch(text))


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""


def _texts(argument: ast.expr) -> Iterator[str]:
    """The text itself, or both of a choice."""
    if isinstance(argument, ast.IfExp):
        yield from _texts(argument.body)
        yield from _texts(argument.orelse)
    elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
