"""The site as `make docs` builds it, in a folder of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from scripts.site_pages import ROOT, gather

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def build_site(folder: Path, pages: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Into `folder`/site, from the repository's pages or from `pages`."""
    if pages is None:
        gather(folder / "pages")
    (folder / "mkdocs.yml").write_text(f"INHERIT: {ROOT / 'mkdocs.yml'}\ndocs_dir: {pages or 'pages'}\nsite_dir: site\n", encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", folder / "mkdocs.yml"],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def built(page: str) -> str:
    """Where the page stands in the site."""
    folder, _, name = page.rpartition("/")
    return f"{folder}/".removeprefix("/") + ("index.html" if name == "README.md" else name.removesuffix(".md") + ".html")


@dataclass
class Html(HTMLParser):
    """`assets`: what a browser fetches by itself to show the page. `counted`: tags within the article, by name."""

    text: str
    assets: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "article" in self.open:
            self.counted[tag] = self.counted.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)
        self.assets += [value for name, value in attrs if value and name in self._fetched(tag, dict(attrs))]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    @staticmethod
    def _fetched(tag: str, attrs: dict[str, str | None]) -> Iterator[str]:
        if tag == "link" and attrs.get("rel") not in ("canonical", "next", "prev", "alternate"):
            yield "href"
        if tag not in ("a", "link"):
            yield from ("src", "srcset", "poster", "data")
