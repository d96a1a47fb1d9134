"""The judge has eyes: each breach of a promise, made by hand in a bucket where all was well, is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from bucket import Bucket
from chaos.papers import Paper
from chaos.person import Deed
from chaos.verdict import Verdict, judge
from chaos.witness import Listings, Wire
from doubles.replica import InProcessReplica, drop, in_process_replica
from servers.proxy import Exchange

from watcher.pipeline.attempt import End
from watcher.storage.memory import MemoryStore

JSON = "application/json"


@dataclass
class World:
    store: MemoryStore
    replica: InProcessReplica
    deeds: list[Deed] = field(default_factory=list)
    wire: Wire = field(default_factory=Wire)

    def drop(self, name: str, text: str, pages: int) -> Callable[[], End]:
        """Returns what reads it."""
        document, at = drop(self.store, name, text), float(len(self.deeds))
        self.deeds.append(Deed("dropped", document.key, at, at + 0.5, Paper("pdf", text.encode(), pages), document.etag))
        return lambda: self.replica.attempt(document)

    def delete(self, key: str) -> None:
        self.store.delete(key)
        self.deeds.append(Deed("deleted", key, float(len(self.deeds)), len(self.deeds) + 0.5))

    def remember(self, deed: int, body: bytes, pages: int) -> None:
        """The person says that another paper was dropped then."""
        self.deeds[deed] = replace(self.deeds[deed], paper=Paper("pdf", body, pages))

    def saw(self, method: str, key: str, at: float = 0.0) -> None:
        self.wire.note(Exchange("a", method, key, "", at, at + 0.1, 200))

    def key(self, end: str) -> str:
        (found,) = [info.key for info in self.store.list("") if info.key.endswith(end)]
        return found

    def remove(self, prefix: str) -> None:
        for info in list(self.store.list(prefix)):
            self.store.delete(info.key)

    def judge(self, *, versioned: bool = False) -> Verdict:
        return judge(Bucket(self.store), self.deeds, self.wire, versioned=versioned)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One finished, one failed, one of which only the second version was read, one that was taken away."""
    store = MemoryStore()
    with in_process_replica("one", store, tmp_path) as replica:
        made = World(store, replica)
        assert made.drop("a.pdf", "one\ntwo", 2)() is End.DONE
        assert made.drop("damaged.pdf", "!damaged", 0)() is End.FAILED
        made.drop("b.pdf", "first", 1)
        assert made.drop("b.pdf", "second", 1)() is End.DONE
        made.drop("c.pdf", "unread", 1)
        made.delete("incoming/c.pdf")
        yield made


def test_nothing_is_broken_where_all_is_well(world: World) -> None:
    verdict = world.judge()
    assert verdict.broken == []
    assert (verdict.finished, verdict.failed, verdict.logs) == (2, 1, 3)
    assert verdict.outputs == 2 * 2 + 1 * 2 + 2 * 4  # pages of both, and the four files of each document


def overwrite_an_output(world: World) -> None:
    world.store.put(world.key("pages/0002.json"), b"{}", JSON)


def leave_an_output_behind(world: World) -> None:
    world.store.put(world.key("pages/0002.json") + ".old", b"{}", JSON)


def leave_one_in_the_inbox(world: World) -> None:
    world.drop("late.pdf", "late", 1)


def lose_a_result(world: World) -> None:
    world.remove("processed/a.pdf/")


def lose_a_failed_one(world: World) -> None:
    world.remove("failed/")


def lose_the_original_of_a_failed_one(world: World) -> None:
    (original,) = [info.key for info in world.store.list("failed/") if "/source" in info.key]
    world.store.put(original, b"other", "application/pdf")


def fail_a_healthy_one(world: World) -> None:
    world.remember(1, b"!damaged", 1)


def finish_a_damaged_one(world: World) -> None:
    world.remember(0, b"one\ntwo", 0)


def read_other_bytes(world: World) -> None:
    world.remember(0, b"one\nTWO", 2)


def leave_a_page_out(world: World) -> None:
    world.remember(0, b"one\ntwo", 3)


def leave_a_log_open(world: World) -> None:
    log = world.key("a.pdf/" + world.deeds[0].version + "/000002").removesuffix("000002")
    world.store.put(log + "000003", world.store.get(log + "000001")[1], JSON)


def give_up_what_nobody_took(world: World) -> None:
    log = world.key("a.pdf/" + world.deeds[0].version + "/000002")
    world.store.put(log, world.store.get(log)[1].replace(b'"done"', b'"gone"'), JSON)
    world.remove("processed/a.pdf/")


def write_a_manifest_twice(world: World) -> None:
    for _ in range(2):
        world.saw("PUT", "processed/a.pdf/0123456789ab/manifest.json")


def write_a_page_twice(world: World) -> None:
    for _ in range(2):
        world.saw("PUT", "processed/a.pdf/0123456789ab/pages/0001.json")


def delete_a_result(world: World) -> None:
    world.saw("DELETE", "processed/a.pdf/0123456789ab/pages/0001.json")


@pytest.mark.parametrize(
    ("breach", "words"),
    [
        (overwrite_an_output, "check_finished: "),
        (leave_an_output_behind, "check_finished: "),
        (leave_one_in_the_inbox, "still in the inbox: incoming/late.pdf"),
        (lose_a_result, "lost: incoming/a.pdf"),
        (lose_a_failed_one, "lost: incoming/damaged.pdf"),
        (lose_the_original_of_a_failed_one, "the original is not beside the error: incoming/damaged.pdf"),
        (fail_a_healthy_one, "healthy, yet failed with corrupt_pdf after 1 attempts: incoming/damaged.pdf"),
        (finish_a_damaged_one, "damaged, yet finished: incoming/a.pdf"),
        (read_other_bytes, "other bytes were read than were dropped: incoming/a.pdf"),
        (leave_a_page_out, "2 of 3 pages: incoming/a.pdf"),
        (leave_a_log_open, "check_closed: "),
        (give_up_what_nobody_took, "closed as gone though nobody took it: "),
        (write_a_manifest_twice, "doubled: processed/a.pdf/0123456789ab/manifest.json"),
        (write_a_page_twice, "overwritten: processed/a.pdf/0123456789ab/pages/0001.json"),
        (delete_a_result, "removed: processed/a.pdf/0123456789ab/pages/0001.json"),
    ],
)
def test_a_breach_is_seen(world: World, breach: Callable[[World], None], words: str) -> None:
    breach(world)
    assert [line for line in world.judge().broken if line.startswith(words)] != []


def test_what_the_store_cannot_promise_is_told_and_not_held_against_the_daemon(world: World) -> None:
    write_a_manifest_twice(world)
    write_a_page_twice(world)
    verdict = world.judge(versioned=True)
    assert verdict.broken == []
    assert (verdict.doubled, verdict.rewritten) == (
        ("processed/a.pdf/0123456789ab/manifest.json",),
        ("processed/a.pdf/0123456789ab/pages/0001.json",),
    )


def test_what_somebody_else_dropped_is_not_taken_for_the_persons(world: World) -> None:
    del world.deeds[0]
    assert [line for line in world.judge().broken if line.startswith("never dropped: ")] != []


@pytest.mark.parametrize(
    ("looked_at", "removed_at", "admitted"),
    [
        (2.9, 3.7, True),  # a look, then the replacement (3.0 to 3.5), then the delete
        (3.2, 3.3, True),  # nobody can tell which came first
        (3.6, 3.7, False),  # the look must have shown the replacement
        (1.0, 2.0, False),  # over before it came
    ],
)
def test_a_replacement_that_the_delete_hit_is_told_apart_from_one_that_was_lost(
    world: World, looked_at: float, removed_at: float, admitted: bool
) -> None:
    world.remove("processed/b.pdf/")
    world.saw("HEAD", "incoming/b.pdf", looked_at)
    world.saw("DELETE", "incoming/b.pdf", removed_at)
    verdict = world.judge()
    name = f"incoming/b.pdf {world.deeds[3].version}"
    assert (verdict.lost, verdict.removed_in_passing) == (((), (name,)) if admitted else ((name,), ()))
    assert world.judge(versioned=True).lost == (name,)


def test_a_result_that_was_written_again_with_the_same_bytes_is_seen_by_its_time() -> None:
    now = [datetime(2024, 1, 1, tzinfo=timezone.utc)]
    store = MemoryStore(clock=lambda: now[0])
    key = "processed/a.pdf/0123456789ab/document.md"
    store.put(key, b"text", JSON)
    listings = Listings(store)
    listings.look()
    listings.look()
    assert listings.changed == []
    now[0] += timedelta(seconds=1)
    store.put(key, b"text", JSON)
    listings.look()
    assert listings.changed == [key]
