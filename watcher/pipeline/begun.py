"""Documents that a replica has begun: who holds them and how far they are, or why they wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from watcher.domain.claim import Beat, Entry, Phase, standing
from watcher.domain.fleet import ReadDocument, WaitingDocument
from watcher.domain.progress import pages_per_second, time_left
from watcher.lease.names import beat_name, closed_name, last_entries, split_log_object
from watcher.pipeline.recall import Recall, Spread
from watcher.storage.port import ObjectInfo, Store


@dataclass(frozen=True)
class ListedLog:
    """A claim log as the listing of all claims shows it. `settled`: its document is finished and stays in the inbox."""

    prefix: str
    last: tuple[ObjectInfo, ...]
    beat: ObjectInfo | None
    settled: bool

    @property
    def seen_at(self) -> datetime:
        """The last sign of life of whoever wrote its end."""
        return max(info.modified for info in (*self.last, *([self.beat] if self.beat else [])))


def listed_logs(infos: Iterable[ObjectInfo]) -> Iterator[ListedLog]:
    """Of a listing of `claims/` in its order; what belongs to no log is left out."""
    objects = ((split, info) for info in infos if (split := split_log_object(info.key)))
    for prefix, group in groupby(objects, key=lambda one: one[0][0]):
        named = {split[1]: info for split, info in group}
        if last := last_entries(named):
            number = last[0].number
            settled = len(last) == 1 and closed_name(number) in named
            yield ListedLog(prefix, tuple(named[str(name)] for name in last), named.get(beat_name(number)), settled)


class BegunReader:
    """Reads the ends of logs: a GET for each entry and each beat that is new since the last time."""

    def __init__(self, store: Store, spread: Spread) -> None:
        self._entries = Recall(store, Entry, spread)
        self._beats = Recall(store, Beat, spread)

    def read(self, logs: Sequence[ListedLog], now: datetime) -> dict[str, ReadDocument | WaitingDocument | Entry]:
        """By log; the entry itself where it closed the log. Logs that are gone, or that no version like ours wrote, are left out.

        Raises `StoreError`.
        """
        read = self._entries.of([info for log in logs for info in log.last])
        entries = {log.prefix: standing(found) for log in logs if (found := [entry for info in log.last if (entry := read.get(info.key))])}
        held = [log for log in logs if (entry := entries.get(log.prefix)) and entry.phase is Phase.HELD]
        beats = self._beats.of([log.beat for log in held if log.beat])
        return {
            log.prefix: _shown(log, entries[log.prefix], beats.get(log.beat.key) if log.beat else None, now)
            for log in logs
            if log.prefix in entries
        }


def _shown(log: ListedLog, entry: Entry, beat: Beat | None, now: datetime) -> ReadDocument | WaitingDocument | Entry:
    if entry.phase is Phase.CLOSED:
        return entry
    if entry.phase is Phase.WAITING:
        return WaitingDocument(key=entry.source.key, attempts=entry.attempts, reason=entry.reason, not_before=entry.not_before)
    silent_seconds = max((now - log.seen_at).total_seconds(), 0.0)
    silent = silent_seconds > entry.lease_seconds
    rate = None if silent or not beat else pages_per_second(beat.pages_done - entry.pages_done, (beat.at - entry.at).total_seconds())
    return ReadDocument(
        key=entry.source.key,
        replica=entry.owner,
        attempt=entry.attempts,
        purpose=entry.purpose.value,
        pages_done=beat.pages_done if beat else entry.pages_done,
        pages_total=(beat.pages_total or None) if beat else None,
        since=entry.at,
        seen_at=log.seen_at,
        silent=silent,
        pages_per_second=rate,
        seconds_left=time_left(beat.pages_done, beat.pages_total, rate, silent_seconds) if beat else None,
    )
