"""Which replicas there are: those that tell of themselves, and those that only hold documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from watcher.domain.fleet import FleetReplica, ReadDocument
from watcher.domain.presence import Presence
from watcher.storage.port import ObjectInfo

INTERVALS_UNTIL_SILENT = 2.5
"""One sign of life may be lost."""


def muster(told: Iterable[tuple[ObjectInfo, Presence]], in_progress: Sequence[ReadDocument], now: datetime) -> tuple[FleetReplica, ...]:
    """By name; of one name, those that started last come first. A beat of a document is a sign of life of its replica too.

    Claims know replicas by name alone: where several have one name, the documents are those of them all, and each tells for itself.
    """
    newest_first = sorted(told, key=lambda one: one[1].started_at, reverse=True)
    live = [presence.replica for info, presence in newest_first if not _is_silent(info.modified, presence, now)]
    held: dict[str, list[ReadDocument]] = {}
    for document in in_progress:
        held.setdefault(document.replica, []).append(document)
    replicas, named = [], set()
    for info, presence in newest_first:
        alone = live.count(presence.replica) <= 1
        theirs = held.get(presence.replica, []) if alone and presence.replica not in named else []
        named.add(presence.replica)
        seen_at = max([info.modified, *(one.seen_at for one in theirs)])
        replicas.append(
            FleetReplica(
                name=presence.replica,
                nonce=presence.nonce,
                version=presence.version,
                engine=presence.engine,
                engine_version=presence.engine_version,
                phase=presence.phase,
                started_at=presence.started_at,
                seen_at=seen_at,
                silent=_is_silent(seen_at, presence, now),
                in_progress=len(theirs) if alone else presence.in_progress,
                finished=presence.finished,
                failed=presence.failed,
            )
        )
    for name in held.keys() - named:
        replicas.append(
            FleetReplica(
                name=name,
                seen_at=max(one.seen_at for one in held[name]),
                silent=all(one.silent for one in held[name]),
                in_progress=len(held[name]),
            )
        )
    return tuple(sorted(replicas, key=lambda one: one.name))


def _is_silent(seen_at: datetime, presence: Presence, now: datetime) -> bool:
    return (now - seen_at).total_seconds() > INTERVALS_UNTIL_SILENT * presence.every_seconds
