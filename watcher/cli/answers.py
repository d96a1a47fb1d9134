"""What a command did for each document, a line for each."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from watcher.pipeline.restore import Answer


def tell(answers: Iterable[Answer]) -> tuple[int, int]:
    """Prints each as it comes. Returns how many were done, and how many were not."""
    console, done, left = Console(soft_wrap=True), 0, 0
    for answer in answers:
        console.print(plain(f"{answer.place}: {answer.words}"))
        done, left = done + answer.done, left + (not answer.done)
    return done, left


def plain(text: str) -> Text:
    """Names and codes are what anybody wrote into the bucket: they must not drive the terminal."""
    return Text("".join(character if character.isprintable() else ascii(character)[1:-1] for character in text), overflow="fold")
