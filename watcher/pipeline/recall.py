"""What small records of the bucket hold, read again only where a listing shows that they changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from watcher.domain.page import Value
from watcher.storage.port import NotFoundError, ObjectInfo, Store

MOST_BYTES = 1 << 20
"""Beyond any record of ours. Whoever may write to the bucket must not decide how much memory we take."""

Record = TypeVar("Record", bound=Value)
Spread = Callable[[Callable[[ObjectInfo], Any], Iterable[ObjectInfo]], Iterable[Any]]
"""Like `map`: several requests at a time where it is an executor's."""


class Recall(Generic[Record]):
    """Remembers only what it was asked for last: as much memory as one picture takes, however many follow each other."""

    def __init__(self, store: Store, record: type[Record], spread: Spread) -> None:
        self._store = store
        self._record = record
        self._spread = spread
        self._known: dict[str, tuple[ObjectInfo, Record | None]] = {}

    def of(self, infos: Sequence[ObjectInfo]) -> dict[str, Record | None]:
        """By key, one GET for each that is new; None for what is no record of this version. Those that are gone by now are left out.

        Raises `StoreError`.
        """
        new = [info for info in infos if self._known.get(info.key, (None,))[0] != info]
        read = dict(zip((info.key for info in new), self._spread(self._read, new), strict=True))
        kept = {info.key: self._known[info.key] for info in infos if info.key not in read}
        self._known = kept | {info.key: (info, record[0]) for info in new if (record := read[info.key])}
        return {key: record for key, (_, record) in self._known.items()}

    def _read(self, info: ObjectInfo) -> tuple[Record | None] | None:
        """None: gone."""
        if info.size > MOST_BYTES:
            return (None,)
        try:
            return (self._record.model_validate_json(self._store.get(info.key)[1]),)
        except NotFoundError:
            return None
        except ValidationError:
            return (None,)
