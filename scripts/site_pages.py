"""Gathers what the site is made of: `python scripts/site_pages.py FOLDER`.

Pages keep their places in the repository, so that a link leads to the same on the site as in a working copy, and the files that they link to
come along. That is all that mkdocs needs to reach pages outside of docs/: no plugin, and nothing that its successor would not read.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ("README*.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md", "deploy/**/*.md")
STYLE = Path("docs/site.css")

_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """The pages of the site, relative to the repository."""
    return sorted({page.relative_to(ROOT) for pattern in PAGES for page in ROOT.glob(pattern)})


def linked(page: Path) -> Iterator[Path]:
    """Files of the repository that the page links to, relative to it. What is no file is left for `mkdocs build --strict` to complain of."""
    text = _FENCED.sub("", (ROOT / page).read_text(encoding="utf-8"))
    for target in _LINK.findall(text):
        path = (ROOT / page.parent / target).resolve()
        if path.is_file() and path.is_relative_to(ROOT):
            yield path.relative_to(ROOT)


def gather(folder: Path) -> None:
    """Replaces the folder by the pages and what they link to."""
    if folder.exists():
        shutil.rmtree(folder)
    for path in {STYLE, *(path for page in pages() for path in (page, *linked(page)))}:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, folder / path)


if __name__ == "__main__":
    gather(Path(sys.argv[1]))
