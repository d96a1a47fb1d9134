"""What `watcher status` sees."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from doubles.clocks import START
from doubles.failed import fail
from doubles.replica import LAYOUT, LEASE, InProcessReplica, drop, in_process_replica
from doubles.stores import HookedStore

from watcher.domain.claim import Fault, Outcome
from watcher.domain.document import Document
from watcher.domain.fleet import Fleet
from watcher.domain.presence import Presence, presence_name
from watcher.domain.waits import Wait
from watcher.lease.claim import Claim
from watcher.lease.names import beat_name, closed_name
from watcher.pipeline.survey import Bounds, Surveyor
from watcher.storage.memory import MemoryStore

FAULT = Fault(code="parser_crashed", message="it crashed", transient=True)


class World:
    """A store whose clock and that of the one replica on it stand still until they are set."""

    def __init__(self, scratch: Path) -> None:
        self.now = START
        self.store = HookedStore(MemoryStore(clock=lambda: self.now))
        self._replica = in_process_replica("one", self.store, scratch)
        self.one: InProcessReplica

    def __enter__(self) -> World:
        self.one = self._replica.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._replica.__exit__(*error)  # type: ignore[arg-type]

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.one.time.advance(seconds)

    def surveyor(self, *, keeps_source: bool = False, bounds: Bounds | None = None) -> Surveyor:
        return Surveyor(self.store, LAYOUT, (".*",), keeps_source=keeps_source, bounds=bounds or Bounds())

    def look(self, *, keeps_source: bool = False, bounds: Bounds | None = None) -> Fleet:
        return self.surveyor(keeps_source=keeps_source, bounds=bounds).look(self.now)

    def drop(self, name: str, text: str = "one") -> Document:
        return drop(self.store, name, text)

    def tell(self, replica: str, nonce: str, *, started_at: datetime = START, every_seconds: float = 60.0, in_progress: int = 0) -> None:
        presence = Presence(
            replica=replica,
            nonce=nonce,
            version="2.0.0",
            engine="fake",
            phase="ready",
            started_at=started_at,
            every_seconds=every_seconds,
            in_progress=in_progress,
            finished=3,
            failed=1,
        )
        self.store.put(LAYOUT.claims + presence_name(replica, nonce), presence.model_dump_json().encode(), "")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


class TestPending:
    def test_the_oldest_that_nobody_has_begun_is_named(self, world: World) -> None:
        world.one.acquire(world.drop("begun.pdf"))
        world.advance(10)
        world.drop("старый.pdf")
        world.advance(10)
        world.drop("a.pdf")
        world.drop(".ignored")
        inbox = world.look().inbox
        assert (inbox.pending, inbox.oldest_at, inbox.oldest_key) == (2, START + timedelta(seconds=10), "incoming/старый.pdf")

    def test_an_empty_inbox_has_no_oldest(self, world: World) -> None:
        assert world.look().inbox.model_dump() == {"pending": 0, "oldest_at": None, "oldest_key": None}

    @pytest.mark.parametrize(
        ("outcome", "keeps_source", "pending"),
        [(Outcome.DONE, True, 0), (Outcome.DONE, False, 1), (Outcome.FAILED, True, 1), (Outcome.GONE, True, 1)],
    )
    def test_of_closed_documents_in_the_inbox_only_kept_ones_that_are_done_are_not_pending(
        self, world: World, outcome: Outcome, keeps_source: bool, pending: int
    ) -> None:
        world.one.acquire(world.drop("a.pdf")).close(outcome)
        assert world.look(keeps_source=keeps_source).inbox.pending == pending

    @pytest.mark.parametrize(("keeps_source", "pending"), [(True, 0), (False, 1)])
    def test_a_hint_that_a_kept_document_is_done_saves_reading_its_log(self, world: World, keeps_source: bool, pending: int) -> None:
        document = world.drop("a.pdf")
        claim = world.one.acquire(document)
        claim.close(Outcome.DONE)
        world.store.put(LAYOUT.claim_log(document) + closed_name(claim.number + 1), b"{}", "")
        world.store.requests.clear()
        assert world.look(keeps_source=keeps_source).inbox.pending == pending
        assert [verb for verb, _ in world.store.requests] == ["list", "list", "list"]

    def test_what_ended_between_the_listings_is_not_pending(self, world: World) -> None:
        document = world.drop("a.pdf")
        claim = world.one.acquire(document)

        def end(verb: str, key: str) -> None:
            if (verb, key) == ("list", LAYOUT.claims) and not claim.fenced:
                world.store.inner.delete(document.key)
                claim.close(Outcome.DONE)

        world.store.before.append(end)
        fleet = world.look()
        assert (fleet.inbox.pending, fleet.in_progress) == (0, ())

    def test_an_entry_that_another_version_of_the_program_wrote_ends_nothing(self, world: World) -> None:
        world.store.put(LAYOUT.claim_log(world.drop("a.pdf")) + "000001", b"{}", "application/json")
        assert world.look(keeps_source=True).inbox.pending == 1


class TestInProgress:
    def test_pages_rate_and_time_left_come_from_the_beat(self, world: World) -> None:
        claim = world.one.acquire(world.drop("a.pdf"))
        world.advance(10)
        claim.pages_done, claim.pages_total = 5, 20
        claim.renew()
        world.advance(4)
        fleet = world.look()
        (one,) = fleet.in_progress
        assert (one.key, one.replica, one.pages_done, one.pages_total) == ("incoming/a.pdf", "one", 5, 20)
        assert (one.pages_per_second, one.seconds_left, one.silent) == (0.5, 26.0, False)
        assert fleet.pages_per_second == 0.5

    def test_pages_of_earlier_attempts_do_not_make_it_faster(self, world: World) -> None:
        document = world.drop("a.pdf")
        first = world.one.acquire(document)
        first.pages_done, first.pages_total = 90, 100
        first.renew()
        first.hand_back(gained=True, free_handovers=3)
        second = world.one.acquire(document)
        world.advance(10)
        second.pages_done, second.pages_total = 92, 100
        second.renew()
        (one,) = world.look().in_progress
        assert (one.pages_done, one.pages_per_second, one.seconds_left) == (92, 0.2, 40.0)

    @pytest.mark.parametrize("pages", [{"pages_done": 10**400}, {"pages_total": 10**400}, {"pages_done": -1}])
    def test_a_beat_of_impossible_pages_tells_nothing(self, world: World, pages: dict[str, int]) -> None:
        held = world.one.acquire(world.drop("a.pdf"))
        told = {
            "nonce": held.entry.nonce,
            "sequence": 1,
            "at": (START + timedelta(seconds=5)).isoformat(),
            "pages_done": 1,
            "pages_total": 9,
            **pages,
        }
        world.store.put(held.log.prefix + beat_name(1), json.dumps(told).encode(), "")
        (document,) = world.look().in_progress
        assert (document.pages_done, document.pages_total, document.seconds_left) == (0, None, None)

    def test_before_the_first_beat_nothing_is_guessed(self, world: World) -> None:
        world.one.acquire(world.drop("a.pdf"))
        (one,) = world.look().in_progress
        assert (one.pages_done, one.pages_total, one.pages_per_second, one.seconds_left) == (0, None, None, None)

    @pytest.mark.parametrize(("seconds", "silent"), [(LEASE, False), (LEASE + 1, True)])
    def test_a_holder_whose_beat_is_older_than_its_lease_is_silent(self, world: World, seconds: float, silent: bool) -> None:
        claim = world.one.acquire(world.drop("a.pdf"))
        claim.pages_done, claim.pages_total = 1, 2
        world.advance(1)
        claim.renew()
        world.advance(seconds)
        (one,) = world.look().in_progress
        assert (one.silent, one.seen_at) == (silent, START + timedelta(seconds=1))
        assert (one.pages_per_second is None) is silent

    def test_one_that_is_being_moved_to_the_failed_ones_says_so(self, world: World) -> None:
        world.one.acquire(world.drop("a.pdf")).quarantine(FAULT)
        assert [one.purpose for one in world.look().in_progress] == ["quarantine"]


class TestWaiting:
    @pytest.mark.parametrize(
        ("give_back", "reason"),
        [
            (lambda claim: claim.wait(60, None, charged=False, reason=Wait.STORE_FAILED.value), "store_failed"),
            (lambda claim: claim.wait(60, FAULT, charged=True, reason=FAULT.code), "parser_crashed"),
            (lambda claim: claim.hand_back(gained=True, free_handovers=0), "given_back"),
        ],
    )
    def test_the_word_for_why_it_waits_is_told(self, world: World, give_back: Callable[[Claim], bool], reason: str) -> None:
        assert give_back(world.one.acquire(world.drop("a.pdf")))
        fleet = world.look()
        assert [waiting.reason for waiting in fleet.waiting] == [reason]
        assert fleet.inbox.pending == 0

    def test_those_that_are_due_first_come_first(self, world: World) -> None:
        for name, seconds in (("late.pdf", 60), ("soon.pdf", 5)):
            world.one.acquire(world.drop(name)).wait(seconds, None, charged=False, reason="store_failed")
        assert [(one.key, one.not_before) for one in world.look().waiting] == [
            ("incoming/soon.pdf", START + timedelta(seconds=5)),
            ("incoming/late.pdf", START + timedelta(seconds=60)),
        ]


class TestFailed:
    def test_codes_are_counted_and_the_newest_come_first(self, world: World) -> None:
        for name, code in (("a.pdf", "corrupt_pdf"), ("b.pdf", "empty_file"), ("c.pdf", "corrupt_pdf")):
            fail(world.store, LAYOUT, name, code, START)
            world.advance(60)
        failed = world.look().failed
        assert failed.by_code == {"corrupt_pdf": 2, "empty_file": 1}
        assert [one.key for one in failed.newest] == ["incoming/c.pdf", "incoming/b.pdf", "incoming/a.pdf"]

    def test_only_so_many_are_read_and_the_others_are_counted(self, world: World) -> None:
        for number in range(5):
            fail(world.store, LAYOUT, f"{number}.pdf", "corrupt_pdf", START)
            world.advance(1)
        world.store.requests.clear()
        failed = world.look(bounds=Bounds(failures=2)).failed
        assert (failed.documents, failed.looked_at, failed.by_code) == (5, 2, {"corrupt_pdf": 2})
        assert [verb for verb, _ in world.store.requests].count("get") == 2

    def test_the_last_hour_and_the_last_day_are_told_from_the_listing(self, world: World) -> None:
        for hours in (30, 20, 2, 0):
            world.now = START + timedelta(hours=30 - hours)
            fail(world.store, LAYOUT, f"{hours}.pdf", "corrupt_pdf", START)
        failed = world.look().failed
        assert (failed.documents, failed.last_hour, failed.last_day) == (4, 1, 3)

    @pytest.mark.parametrize("begun", [False, True])
    def test_one_that_was_put_back_counts_once_until_it_ends_again(self, world: World, begun: bool) -> None:
        document = world.drop("a.pdf")
        world.store.put(LAYOUT.failure(document) + "error.json", b"{}", "")
        fail(world.store, LAYOUT, "b.pdf", "corrupt_pdf", START)
        if begun:
            world.one.acquire(document)
        fleet = world.look()
        assert (fleet.inbox.pending, len(fleet.in_progress)) == ((0, 1) if begun else (1, 0))
        assert (fleet.failed.documents, [one.key for one in fleet.failed.newest]) == (1, ["incoming/b.pdf"])

    @pytest.mark.parametrize("body", [b"{}", b"x" * (2 << 20)], ids=["not ours", "huge"])
    def test_a_report_that_is_not_ours_is_shown_by_its_place(self, world: World, body: bytes) -> None:
        world.store.put("failed/a.pdf/0123456789ab/error.json", body, "")
        assert [(one.key, one.code) for one in world.look().failed.newest] == [("failed/a.pdf/0123456789ab/error.json", "")]


class TestReplicas:
    def test_idle_ones_are_seen(self, world: World) -> None:
        world.tell("idle", "n1")
        (one,) = world.look().replicas
        assert (one.name, one.nonce, one.phase, one.silent, one.in_progress, one.finished) == ("idle", "n1", "ready", False, 0, 3)

    @pytest.mark.parametrize(("seconds", "silent"), [(150, False), (151, True)])
    def test_without_a_sign_of_life_for_two_intervals_and_a_half_it_is_silent(self, world: World, seconds: float, silent: bool) -> None:
        world.tell("one", "n1", every_seconds=60)
        world.advance(seconds)
        (one,) = world.look().replicas
        assert (one.silent, one.seen_at) == (silent, START)

    def test_a_beat_is_a_sign_of_life_too(self, world: World) -> None:
        world.tell("one", "n1", in_progress=0)
        claim = world.one.acquire(world.drop("a.pdf"))
        for _ in range(40):
            world.advance(LEASE / 3)
            claim.renew()
        (one,) = world.look().replicas
        assert (one.silent, one.seen_at, one.in_progress) == (False, world.now, 1)

    def test_one_that_only_holds_documents_is_known_by_its_name(self, world: World) -> None:
        world.one.acquire(world.drop("a.pdf"))
        (one,) = world.look().replicas
        assert (one.name, one.nonce, one.phase, one.in_progress, one.silent) == ("one", "", None, 1, False)

    def test_two_of_one_name_stay_apart_and_tell_for_themselves(self, world: World) -> None:
        world.tell("one", "first", in_progress=1)
        world.tell("one", "second", in_progress=2, started_at=START + timedelta(seconds=5))
        world.one.acquire(world.drop("a.pdf"))
        assert [(one.name, one.nonce, one.in_progress) for one in world.look().replicas] == [("one", "second", 2), ("one", "first", 1)]

    def test_one_that_was_started_again_has_its_documents_but_once(self, world: World) -> None:
        world.tell("one", "before")
        world.advance(1000)
        world.tell("one", "now", started_at=world.now)
        world.one.acquire(world.drop("a.pdf"))
        seen = [(one.nonce, one.silent, one.in_progress) for one in world.look().replicas]
        assert seen == [("now", False, 1), ("before", True, 0)]

    def test_only_so_many_are_read(self, world: World) -> None:
        for number in range(5):
            world.tell(f"r{number}", f"n{number}")
            world.advance(1)
        fleet = world.look(bounds=Bounds(replicas=2))
        assert ([one.name for one in fleet.replicas], fleet.replicas_not_looked_at) == (["r3", "r4"], 3)

    def test_rubbish_among_them_is_passed_over(self, world: World) -> None:
        world.store.put(LAYOUT.claims + ".replicas/x.json", b"\xff{", "")
        world.store.put(LAYOUT.claims + ".bids", b"{}", "")
        assert world.look().replicas == ()

    def test_a_document_of_their_name_is_a_document(self, world: World) -> None:
        world.one.acquire(drop(world.store, ".replicas/x.json", "one"))
        surveyor = Surveyor(world.store, LAYOUT, (), keeps_source=False, bounds=Bounds())
        assert [one.key for one in surveyor.look(world.now).in_progress] == ["incoming/.replicas/x.json"]


class TestCost:
    def test_what_was_read_is_not_read_again(self, world: World) -> None:
        world.tell("one", "n1")
        fail(world.store, LAYOUT, "b.pdf", "corrupt_pdf", START)
        world.one.acquire(world.drop("waits.pdf")).wait(60, None, charged=False, reason="store_failed")
        claim = world.one.acquire(world.drop("a.pdf"))
        claim.renew()
        surveyor = world.surveyor()
        world.store.requests.clear()
        first = surveyor.look(world.now)
        assert sorted(verb for verb, _ in world.store.requests) == ["get"] * 5 + ["list"] * 3

        world.store.requests.clear()
        assert surveyor.look(world.now) == first
        assert [verb for verb, _ in world.store.requests] == ["list"] * 3

        claim.pages_done = 1
        claim.renew()
        world.store.requests.clear()
        (one,) = surveyor.look(world.now).in_progress
        assert one.pages_done == 1
        assert [key for verb, key in world.store.requests if verb == "get"] == [claim.log.prefix + "000001.beat"]

    def test_of_very_many_that_were_begun_only_the_latest_are_read_and_the_others_are_counted(self, world: World) -> None:
        for number in range(5):
            world.one.acquire(world.drop(f"{number}.pdf")).wait(60, None, charged=False, reason="store_failed")
            world.advance(1)
        fleet = world.look(bounds=Bounds(claims=2))
        assert [one.key for one in fleet.waiting] == ["incoming/3.pdf", "incoming/4.pdf"]
        assert (fleet.claims_not_looked_at, fleet.inbox.pending) == (3, 0)

    def test_logs_of_documents_that_left_the_inbox_cost_nothing(self, world: World) -> None:
        for number in range(5):
            document = world.drop(f"{number}.pdf")
            world.one.acquire(document).close(Outcome.DONE)
            world.store.delete(document.key)
        world.store.requests.clear()
        world.look()
        assert [verb for verb, _ in world.store.requests] == ["list"] * 3
