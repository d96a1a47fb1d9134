"""The HTML templates with their style and script, which are inlined and allowed by their hashes alone."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

ENVIRONMENT = Environment(
    loader=PackageLoader(__name__, "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    auto_reload=False,
)


@dataclass(frozen=True)
class Asset:
    """A style or script to inline as it is, and the source expression that lets it pass a Content-Security-Policy."""

    text: Markup
    csp: str


@cache
def asset(name: str, package: str = __name__) -> Asset:
    """Of a package of templates."""
    text = (files(package) / name).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Asset(Markup(text), f"'sha256-{digest}'")  # noqa: S704  # a file of this package
