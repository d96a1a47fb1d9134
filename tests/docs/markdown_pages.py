"""The pages that people read, taken apart: headings, links, pictures, tables, blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from markdown_it import MarkdownIt
from markdown_it.token import Token

from scripts.site_pages import ROOT, pages

PAGES = [str(page) for page in pages()]
TWINS = [(name.replace(".ru.md", ".md"), name) for name in PAGES if name.endswith(".ru.md")]


@dataclass(frozen=True)
class Block:
    """A fenced block of code; `line` is that of its fence, `section` counts the headings before it."""

    page: str
    line: int
    language: str
    text: str
    section: int = 0

    @property
    def is_shell(self) -> bool:
        return self.language in ("sh", "bash", "shell", "console")


@dataclass(frozen=True)
class Page:
    """`name` is relative to the repository."""

    name: str

    @cached_property
    def text(self) -> str:
        return (ROOT / self.name).read_text(encoding="utf-8")

    @cached_property
    def _tokens(self) -> list[Token]:
        return MarkdownIt("commonmark").enable("table").parse(self.text)

    @property
    def heading_levels(self) -> list[str]:
        return [token.tag for token in self._tokens if token.type == "heading_open"]

    @property
    def links(self) -> list[str]:
        """Where links and pictures lead."""
        return [str(token.attrs.get("href", token.attrs.get("src"))) for token in self._inline() if token.type in ("link_open", "image")]

    @property
    def inline_code(self) -> list[str]:
        return [token.content for token in self._inline() if token.type == "code_inline"]

    @cached_property
    def blocks(self) -> list[Block]:
        found, section = [], 0
        for token in self._tokens:
            section += token.type == "heading_open"
            if token.type == "fence" and token.map:
                found.append(Block(self.name, token.map[0] + 1, token.info.strip(), token.content, section))
        return found

    def tables(self) -> Iterator[list[list[str]]]:
        """Rows of cells as they are written, the head first."""
        rows: list[list[str]] = []
        for token, following in zip(self._tokens, [*self._tokens[1:], None], strict=True):
            if token.type == "table_open":
                rows = []
            elif token.type == "tr_open":
                rows.append([])
            elif token.type in ("td_open", "th_open") and following is not None:
                rows[-1].append(following.content)
            elif token.type == "table_close":
                yield rows

    def _inline(self) -> Iterator[Token]:
        for token in self._tokens:
            yield from token.children or ()


def words(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)
