"""The template of the page, and its style and script, which are inlined and allowed by their hashes alone."""

from __future__ import annotations

from jinja2 import PackageLoader

from watcher.results import templates

ENVIRONMENT = templates.ENVIRONMENT.overlay(loader=PackageLoader(__name__, "."))
STYLE = templates.asset("status.css", __name__)
SCRIPT = templates.asset("status.js", __name__)
