"""How the objects of a claim log are named, in one place.

S/000001 is entry 1 where the store keeps creates apart; S/000001-<nonce> is a bid for it where it does not. S/000001.beat is its owner's beat. S/000002.closed tells in a listing that entry 2 closed the log of a document that stays in the inbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_ENTRY = re.compile(r"(?P<number>\d{6})(?:-(?P<nonce>[0-9A-Za-z-]+))?")
_LOG_OBJECT = re.compile(rf"(?P<log>.+/[0-9a-f]{{12}}/)(?P<name>{_ENTRY.pattern}|\d{{6}}\.(?:beat|closed))")


@dataclass(frozen=True, order=True)
class EntryName:
    """`nonce` is empty for an entry that was created under its bare number."""

    number: int
    nonce: str = ""

    def __str__(self) -> str:
        return f"{self.number:06d}-{self.nonce}" if self.nonce else f"{self.number:06d}"


def beat_name(number: int) -> str:
    return f"{number:06d}.beat"


def closed_name(number: int) -> str:
    return f"{number:06d}.closed"


def entry_names(names: Iterable[str]) -> tuple[EntryName, ...]:
    """Those of `names` (without the log's prefix) that are entries, in order."""
    matches = (_ENTRY.fullmatch(name) for name in names)
    return tuple(sorted(EntryName(int(match["number"]), match["nonce"] or "") for match in matches if match))


def last_entries(names: Iterable[str]) -> tuple[EntryName, ...]:
    """The entries with the highest number: more than one where bids for it have not been withdrawn. Empty for a log without entries."""
    entries = entry_names(names)
    return tuple(entry for entry in entries if entry.number == entries[-1].number)


def split_log_object(key: str) -> tuple[str, str] | None:
    """A key as the prefix of its log and the name within; None for what belongs to no log."""
    match = _LOG_OBJECT.fullmatch(key)
    return (match["log"], match["name"]) if match else None
