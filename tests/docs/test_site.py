"""The site holds all pages, shows them as a git host does, and asks nobody else for anything."""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from docs.markdown_pages import PAGES, ROOT, Page
from docs.site import Html, build_site, built
from markdown_it import MarkdownIt

from scripts.site_pages import linked

pytestmark = pytest.mark.skipif(
    find_spec("mkdocs") is None and sys.version_info < (3, 11), reason="Material for MkDocs wants Python 3.11 or newer"
)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The site, which stands also where something is wrong with it, and what was said of it."""
    folder = tmp_path_factory.mktemp("docs")
    done = build_site(folder)
    return folder / "site", "" if done.returncode == 0 else done.stderr


@pytest.fixture(scope="module")
def site(build: tuple[Path, str]) -> Path:
    return build[0]


def html(site: Path, page: str) -> Html:
    return Html((site / built(page)).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[a](missing.md)\n", "missing.md"),
        ("[a](README.md#no-such-heading)\n", "no-such-heading"),
        ("[a](docs)\n", "docs"),
        ("![a](missing.webp)\n", "missing.webp"),
    ],
    ids=["link", "anchor", "folder", "picture"],
)
def test_what_leads_nowhere_fails_the_build(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "README.md").write_text(f"# Start\n\n{text}", encoding="utf-8")
    done = build_site(tmp_path, tmp_path / "pages")
    assert done.returncode != 0
    assert f"'{complaint}'" in done.stderr or f"#{complaint}'" in done.stderr


def test_a_page_that_the_navigation_lacks_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "orphan.md").write_text("# Orphan\n", encoding="utf-8")
    done = build_site(tmp_path, tmp_path / "pages")
    assert done.returncode != 0
    assert re.search(r'not included in the "nav" configuration.*orphan\.md', done.stderr, re.DOTALL)


def test_all_links_lead_somewhere_and_all_pages_are_in_the_navigation(build: tuple[Path, str]) -> None:
    assert build[1] == ""


def test_every_page_stands_in_the_site_and_what_it_links_to(site: Path) -> None:
    assert [page for page in PAGES if not (site / built(page)).is_file()] == []
    files = {path for page in PAGES for path in linked(Path(page)) if path.suffix != ".md"}
    assert files
    assert [path for path in files if (site / path).read_bytes() != (ROOT / path).read_bytes()] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_looks_as_on_a_git_host(site: Path, page: str) -> None:
    """Python-Markdown wants blank lines and indents that CommonMark does not: without them lists, tables and blocks melt into text."""
    there = Html("<article>" + MarkdownIt("commonmark").enable("table").render(Page(page).text)).counted
    here = html(site, page).counted
    tags = ("h1", "h2", "h3", "li", "ol", "ul", "tr", "pre", "img", "blockquote", "em", "strong")
    assert {tag: here.get(tag, 0) for tag in tags} == {tag: there.get(tag, 0) for tag in tags}


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(PAGES)  # 404.html
    fetched = {(page.name, asset) for page in pages for asset in Html(page.read_text(encoding="utf-8")).assets}
    assert len(fetched) > len(pages)
    assert {(page, asset) for page, asset in fetched if re.match(r"(?:[a-z]+:)?//", asset)} == set()


def test_styles_and_pictures_fetch_nothing_from_elsewhere(site: Path) -> None:
    styles = [*site.rglob("*.css"), *site.rglob("*.svg")]
    assert styles
    assert [
        path.name for path in styles if re.search(r"""(?:url\(|@import\s*)["']?(?:https?:)?//|href=["']https?:""", path.read_text("utf-8"))
    ] == []
