"""What people do in the inbox, and the record of it that the checks are made against."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from simulation.actors import Scheduler
from simulation.history import History
from simulation.plan import Act, Kind

from watcher.domain.document import Layout, version_of
from watcher.storage.memory import MemoryStore
from watcher.storage.port import NotFoundError

SECRET = "text that stands in documents alone"


@dataclass
class Drop:
    """A version as it was dropped once. `taken` tells how it left by other hands than the daemon's, where it did while it still stood there."""

    key: str
    etag: str
    body: bytes
    kind: Kind
    at: float
    taken: str = ""

    @property
    def version(self) -> str:
        return version_of(self.etag, len(self.body))


@dataclass(frozen=True)
class Wish:
    """What a person was told will happen, and how many entries stood then in all logs of that key."""

    act: Act
    key: str
    entries: int


class People:
    """They reach into the store at once, without faults."""

    def __init__(self, store: MemoryStore, layout: Layout, scheduler: Scheduler, history: History) -> None:
        self._store = store
        self._layout = layout
        self._scheduler = scheduler
        self._history = history
        self._numbers = count(1)
        self.drops: list[Drop] = []
        self.wishes: list[Wish] = []

    def drop(self, name: str, kind: Kind, pages: int) -> None:
        self._put(self._layout.incoming + name, _body(name, next(self._numbers), kind, pages), kind)

    def redrop(self, name: str) -> None:
        """The content that was dropped last under that name, once more."""
        key = self._layout.incoming + name
        last = next((drop for drop in reversed(self.drops) if drop.key == key), None)
        if last is not None:
            self._put(key, last.body, last.kind)

    def delete(self, name: str) -> None:
        key = self._layout.incoming + name
        if self._taken(key, "deleted by a person"):
            self._history.note("a person", f"deletes {key}")
            self._store.delete(key)

    def makes_room(self, key: str) -> None:
        """A command puts something there though another version may stand there by now: it looks first where the store does not."""
        if key.startswith(self._layout.incoming):
            self._taken(key, "replaced by a command")

    def _put(self, key: str, body: bytes, kind: Kind) -> None:
        self._taken(key, "replaced by a person")
        etag = self._store.put(key, body, "application/pdf")
        drop = Drop(key, etag, body, kind, self._scheduler.now)
        self.drops.append(drop)
        self._history.note("a person", f"drops {key}: {kind.value}, version {drop.version}")

    def _taken(self, key: str, how: str) -> bool:
        """What stands there leaves by a person's hand."""
        try:
            standing = self._store.head(key).etag
        except NotFoundError:
            return False
        for drop in self.drops:
            if (drop.key, drop.etag) == (key, standing):
                drop.taken = how
        return True


def _body(name: str, number: int, kind: Kind, pages: int) -> bytes:
    """A line is a page. The last page is the one that is marked, so that pages are gained before it; of slow ones, all are."""
    lines = [f"{SECRET}: {name} {number} page {page}" for page in range(1, pages + 1)]
    if kind is Kind.DAMAGED:
        lines[0] = f"!damaged {number}"
    elif kind is Kind.SLOW:
        lines = [f"!{kind.value} {line}" for line in lines]
    elif kind is Kind.LATE:
        lines = [f"!{Kind.SLOW.value} {line}" for line in lines[:-1]] + [f"!{Kind.CRASHING.value} {lines[-1]}"]
    elif kind is not Kind.HEALTHY:
        lines[-1] = f"!{kind.value} {lines[-1]}"
    return "\n".join(lines).encode()
