"""The commands that the pages tell people to give: every line of every block of shell."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from docs.markdown_pages import PAGES, Block, Page

_COMMENT = re.compile(r"(?:^|\s)#.*$")


@dataclass(frozen=True)
class Command:
    """Without its comment; with several lines where they only make sense together. `folder` is where a `cd` before it led."""

    page: str
    line: int
    text: str
    folder: str = "."

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def fault(text: str) -> str:
    """What the shell says of the syntax; empty where it is right."""
    return subprocess.run(["bash", "-n", "-c", text], capture_output=True, text=True, check=False).stderr


def all_commands() -> list[Command]:
    return [command for name in PAGES for command in commands_of(Page(name))]


def commands_of(page: Page) -> Iterator[Command]:
    """A reader stays in the folder that a `cd` led to until the next heading. What is no shell is left out."""
    section, folder = 0, "."
    for block in page.blocks:
        if block.is_shell and not fault(block.text):
            section, folder = block.section, folder if block.section == section else "."
            found = commands(block, folder)
            folder = _folder_after(found, folder)
            yield from found


def _folder_after(found: list[Command], folder: str) -> str:
    return next((command.text.removeprefix("cd ") for command in reversed(found) if command.text.startswith("cd ")), folder)


def commands(block: Block, folder: str = ".") -> list[Command]:
    """Of a block that is shell."""
    found: list[Command] = []
    gathered, began = "", 0
    for number, line in enumerate(block.text.splitlines(), start=block.line + 1):
        began = began if gathered else number
        gathered += line + "\n"
        if line.endswith("\\") or fault(gathered) or not _ended(gathered):
            continue
        if text := _without_comments(gathered):
            found.append(Command(block.page, began, text, _folder_after(found, folder)))
        gathered = ""
    return found


def _ended(text: str) -> bool:
    """A here-document's last line is its word alone; the shell takes the end of the text for it, too."""
    return all(re.search(rf"^{word}$", text, re.MULTILINE) for word in re.findall(r"<<-?\s*'?\"?(\w+)", text))


def _without_comments(text: str) -> str:
    joined = re.sub(r"\\\n\s*", "", text)
    if "\n" in joined.strip():
        return joined.strip()
    bare = _COMMENT.sub("", joined.strip())
    shlex.split(bare)  # raises where a # within quotes was taken for a comment
    return bare.strip()
