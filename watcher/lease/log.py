"""The append-only claim log of one document version: entries that are created once, and the beat of each entry's owner."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import ValidationError

from watcher.domain.claim import Beat, Entry, standing
from watcher.lease.appending import JSON, Append, Appender, Creates
from watcher.lease.names import EntryName, beat_name, closed_name, entry_names, last_entries
from watcher.storage.port import NotFoundError, Store, StoreError


class UnreadableEntryError(StoreError):
    """What stands under an entry's name is none: rubbish, or of a version of this program that is newer than ours."""


@dataclass(frozen=True)
class Tail:
    """The end of a log as one listing shows it. Entries are never rewritten, so an entry's ETag stands for its nonce.

    `etags` are those of the entries with the highest number: more than one where bids for it have not been withdrawn.
    """

    etags: tuple[tuple[EntryName, str], ...]
    beat_etag: str | None

    @property
    def number(self) -> int:
        return self.etags[0][0].number

    @property
    def entries(self) -> frozenset[EntryName]:
        return frozenset(name for name, _ in self.etags)


@dataclass(frozen=True)
class ClaimLog:
    """`prefix` is S, with its slash. `appender` matters to those alone that append."""

    store: Store
    prefix: str
    appender: Appender = field(default_factory=Creates)

    def append(self, number: int, entry: Entry, known: frozenset[EntryName] | None = None) -> Append:
        """See `Appender.append`: the only claim primitive."""
        return self.appender.append(self.store, self.prefix, number, entry, known)

    def lost(self, number: int, entry: Entry) -> bool:
        """Whether our entry `number` is not the last one any more, or was replaced."""
        return self.replaced(number, entry) or self.appender.overtaken(self.store, self.prefix, number)

    def replaced(self, number: int, entry: Entry) -> bool:
        return self.appender.replaced(self.store, self.prefix, number, entry)

    def read(self, names: Iterable[EntryName]) -> Entry:
        """The entry that counts of those of one number. Raises `NotFoundError` where none stands any more, and `UnreadableEntryError`."""
        entries, gone = [], NotFoundError(f"no such entry: {self.prefix}")
        for name in names:
            try:
                entries.append(Entry.model_validate_json(self.store.get(self.prefix + str(name))[1]))
            except NotFoundError as error:
                gone = error
            except ValidationError:
                raise UnreadableEntryError(f"no claim entry of this version: {self.prefix}{name}") from None
        if not entries:
            raise gone
        return standing(entries)

    def entries(self, most: int) -> list[Entry]:
        """The last `most` entries in their order, by one listing and a GET for each; those that no version like ours wrote are left out."""
        found: dict[int, list[EntryName]] = {}
        for name in entry_names(info.key.removeprefix(self.prefix) for info in self.store.list(self.prefix)):
            found.setdefault(name.number, []).append(name)
        entries = []
        for number in sorted(found)[-most:]:
            with suppress(NotFoundError, UnreadableEntryError):
                entries.append(self.read(found[number]))
        return entries

    def tail(self) -> Tail | None:
        """The last entry and its beat, by one listing; None for a log without entries."""
        etags = {info.key.removeprefix(self.prefix): info.etag for info in self.store.list(self.prefix)}
        last = last_entries(etags)
        if not last:
            return None
        return Tail(tuple((name, etags[str(name)]) for name in last), etags.get(beat_name(last[0].number)))

    def beat(self, number: int, beat: Beat) -> None:
        """Rewrites the beat of an entry that is ours."""
        self.store.put(self.prefix + beat_name(number), beat.model_dump_json().encode(), JSON)

    def hint_closed(self, number: int) -> None:
        """Lets a listing of all logs tell that entry `number` closed this one for good."""
        self.store.put(self.prefix + closed_name(number), b"{}", JSON)

    def read_beat(self, number: int) -> Beat | None:
        """None where there is none, or none that a version like ours wrote."""
        try:
            return Beat.model_validate_json(self.store.get(self.prefix + beat_name(number))[1])
        except (NotFoundError, ValidationError):
            return None
