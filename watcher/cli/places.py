"""Where people find what stands in the store: addresses to paste or to click. They hold no secret, so a private bucket asks for a login there."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from rich.style import Style
from rich.text import Text

from watcher.cli.answers import plain
from watcher.settings import Settings


def place_of(settings: Settings, key: str) -> str:
    """`s3://bucket/key`, or the path of the file."""
    if settings.s3.configured:
        return f"s3://{settings.s3.bucket}/{key}"
    return str(Path(settings.storage.folder).absolute() / key)


def address_of(settings: Settings, key: str) -> str:
    """The same for a browser: the bucket's address in the form that every store knows, or `file://`."""
    if settings.s3.configured:
        return f"{settings.s3.endpoint}/{settings.s3.bucket}/{quote(key)}"
    return Path(place_of(settings, key)).as_uri()


def clickable(shown: str, address: str) -> Text:
    """A terminal that knows links opens it at a click; everywhere else it is the text alone."""
    text = plain(shown)
    text.stylize(Style(link=address))
    return text
