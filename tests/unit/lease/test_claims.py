"""The claim protocol, rule by rule, in both ways of appending; where they differ in requests or answers, the test says so."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from doubles.clocks import START, SetClock
from doubles.stores import HookedStore, once

from watcher.domain.claim import Entry, Fault, Outcome, Phase, Purpose, Skip
from watcher.domain.manifest import Source
from watcher.domain.retry import RetryPolicy
from watcher.lease.acquire import Acquirer
from watcher.lease.appending import Append, Appender, Creates
from watcher.lease.bids import Bids
from watcher.lease.claim import HELD_SHARE, Claim, FencedError, Identity
from watcher.lease.log import ClaimLog
from watcher.lease.names import EntryName, entry_names
from watcher.storage.memory import Conditions, MemoryStore
from watcher.storage.port import OutcomeUnknownError, UnavailableError

LEASE = 60.0
S = "claims/a.pdf/0123456789ab/"
FAULT = Fault(code="engine_crashed", message="Page 3 crashes the engine.", transient=True, page=3)


class LogStore(HookedStore):
    """A store with the way of appending that it is good for."""

    def __init__(self, inner: MemoryStore, appender: Appender) -> None:
        super().__init__(inner)
        self.appender = appender


def creating() -> LogStore:
    return LogStore(MemoryStore(), Creates())


def bidding() -> LogStore:
    return LogStore(MemoryStore(conditions=Conditions.IGNORED), Bids(lambda seconds: None))


class Replica:
    """One replica's claims, with a clock of its own."""

    def __init__(self, name: str, store: LogStore, *, keeps_source: bool = False, max_attempts: int = 3) -> None:
        numbers = count()
        self.time = SetClock()
        self.store = store
        self.identity = Identity(name, LEASE, self.time.clock, lambda: f"{name}-{next(numbers)}")
        self.acquirer = Acquirer(
            store, self.identity, RetryPolicy(max_attempts, 30, 3600), keeps_source=keeps_source, appender=store.appender
        )

    def acquire(self, source: Source) -> Claim | Skip:
        return self.acquirer.acquire(S, source)

    def hold(self, source: Source) -> Claim:
        claim = self.acquire(source)
        assert isinstance(claim, Claim), claim
        return claim


@pytest.fixture(params=[creating, bidding])
def store(request: pytest.FixtureRequest) -> LogStore:
    return request.param()


creates_alone = pytest.mark.parametrize("store", [creating], indirect=True)


@pytest.fixture
def source(store: LogStore) -> Source:
    etag = store.inner.put("incoming/a.pdf", b"document", "application/pdf")
    return Source(key="incoming/a.pdf", etag=etag, size=8, dropped_at=START)


@pytest.fixture
def one(store: LogStore) -> Replica:
    return Replica("one", store)


@pytest.fixture
def two(store: LogStore) -> Replica:
    return Replica("two", store)


def entries(store: LogStore) -> list[Entry]:
    return [Entry.model_validate_json(store.inner.get(S + str(name))[1]) for name in names(store)]


def names(store: LogStore) -> tuple[EntryName, ...]:
    return entry_names(info.key.removeprefix(S) for info in store.inner.list(S))


def reason(skip: Claim | Skip) -> str:
    assert isinstance(skip, Skip), skip
    return skip.reason


@pytest.mark.parametrize(("store", "requests"), [(creating, ["create"]), (bidding, ["list", "put", "list"])], indirect=["store"])
def test_the_first_entry_is_won_at_once_and_counts_the_attempt(store: LogStore, one: Replica, source: Source, requests: list[str]) -> None:
    claim = one.hold(source)
    assert [verb for verb, _ in store.requests] == requests
    assert (claim.number, claim.entry.attempts, claim.entry.phase) == (1, 1, Phase.HELD)


@creates_alone
def test_a_lost_answer_is_read_back_by_nonce(store: LogStore, one: Replica, source: Source) -> None:
    store.after.append(once("create", S, OutcomeUnknownError("no answer")))
    assert one.hold(source).number == 1


@creates_alone
def test_an_entry_of_another_is_never_taken_for_ours(store: LogStore, one: Replica, two: Replica, source: Source) -> None:
    one.hold(source)
    store.before.append(once("create", S, OutcomeUnknownError("no answer")))
    assert reason(two.acquire(source)) == "held"


@creates_alone
def test_a_create_that_never_arrives_counts_as_not_held(store: LogStore, one: Replica, source: Source) -> None:
    def lose(verb: str, key: str) -> None:
        if verb == "create":
            raise OutcomeUnknownError("no answer")

    store.before.append(lose)
    assert reason(one.acquire(source)) == "unknown"


def test_a_claim_that_was_answered_after_two_thirds_of_its_lease_is_not_held(store: LogStore, one: Replica, source: Source) -> None:
    store.after.append(lambda verb, key: one.time.advance(LEASE * HELD_SHARE))
    assert reason(one.acquire(source)) == "unknown"


def test_nobody_takes_over_before_a_whole_lease_without_a_beat(one: Replica, two: Replica, source: Source) -> None:
    one.hold(source)
    assert reason(two.acquire(source)) == "held"
    two.time.advance(LEASE - 0.001)
    assert reason(two.acquire(source)) == "held"
    two.time.advance(0.001)
    taken = two.hold(source)
    assert (taken.number, taken.entry.attempts, taken.entry.purpose) == (2, 2, Purpose.READ)


def test_a_beat_starts_the_observation_anew(one: Replica, two: Replica, source: Source) -> None:
    held = one.hold(source)
    two.acquire(source)
    assert held.renew()
    two.time.advance(LEASE)
    assert reason(two.acquire(source)) == "held"
    two.time.advance(LEASE)
    assert two.hold(source).number == 2


def test_the_age_of_a_claim_is_never_told_by_a_wall_clock(one: Replica, two: Replica, source: Source) -> None:
    one.hold(source)
    two.time.skew = 1e9
    assert reason(two.acquire(source)) == "held"


def test_the_time_between_two_answers_does_not_count_only_from_answer_to_request(
    store: LogStore, one: Replica, two: Replica, source: Source
) -> None:
    one.hold(source)
    two.acquire(source)
    two.time.advance(LEASE / 2)
    store.after.append(lambda verb, key: two.time.advance(LEASE / 2 if verb == "list" else 0))
    assert reason(two.acquire(source)) == "held"


def test_an_observation_belongs_to_an_entry_not_to_its_number(store: LogStore, one: Replica, two: Replica, source: Source) -> None:
    one.hold(source)
    two.acquire(source)
    store.inner.delete(S + str(names(store)[0]))
    one.hold(source)
    two.time.advance(LEASE)
    assert reason(two.acquire(source)) == "held"


def test_of_two_that_take_over_one_wins(store: LogStore, one: Replica, two: Replica, source: Source) -> None:
    Replica("gone", store).hold(source)
    for replica in (one, two):
        replica.acquire(source)
        replica.time.advance(LEASE)
    forestalled: list[Claim | Skip] = []

    def let_two_in(verb: str, key: str) -> None:
        if verb in ("create", "put") and not forestalled:
            forestalled.append(Skip("racing"))
            forestalled.append(two.acquire(source))

    store.before.append(let_two_in)
    assert reason(one.acquire(source)) == "lost"
    assert isinstance(forestalled[-1], Claim)


def test_renewal_moves_the_deadline(one: Replica, source: Source) -> None:
    held = one.hold(source)
    for _ in range(5):
        one.time.advance(LEASE / 3)
        assert held.renew()
    held.check()


def test_a_claim_fences_itself_after_two_thirds_of_its_lease(one: Replica, source: Source) -> None:
    held = one.hold(source)
    one.time.advance(LEASE * HELD_SHARE)
    with pytest.raises(FencedError):
        held.check()
    assert not held.renew()


def test_a_renewal_that_is_answered_after_the_old_deadline_does_not_count(store: LogStore, one: Replica, source: Source) -> None:
    held = one.hold(source)
    one.time.advance(LEASE / 3)
    store.after.append(lambda verb, key: one.time.advance(LEASE / 3) if verb == "put" else None)
    assert not held.renew()
    assert held.fenced


def test_a_failed_renewal_leaves_the_deadline_and_may_be_tried_again(store: LogStore, one: Replica, source: Source) -> None:
    held = one.hold(source)
    one.time.advance(LEASE / 3)
    store.before.append(once("put", S, UnavailableError("down")))
    assert not held.renew()
    assert not held.fenced
    assert held.renew()


def test_a_holder_that_was_taken_over_is_fenced_for_good(one: Replica, two: Replica, source: Source) -> None:
    held = one.hold(source)
    two.acquire(source)
    two.time.advance(LEASE)
    two.hold(source)
    assert not held.renew()
    with pytest.raises(FencedError):
        held.check()


def test_a_closed_log_reopens_only_where_the_source_is_present(store: LogStore, one: Replica, two: Replica, source: Source) -> None:
    assert one.hold(source).close(Outcome.DONE)
    again = two.hold(source)
    assert (again.number, again.entry.attempts) == (3, 1)
    again.close(Outcome.DONE)
    store.inner.delete(source.key)
    assert two.acquire(source) == Skip("gone", gone=True, contended=True)


def test_with_keep_a_finished_document_is_settled_and_a_failed_one_is_tried_again(store: LogStore, source: Source) -> None:
    keeper = Replica("keeper", store, keeps_source=True)
    keeper.hold(source).close(Outcome.DONE)
    assert keeper.acquire(source) == Skip("done", settled=True)
    other = Replica("other", store)
    other.hold(source).close(Outcome.FAILED)
    assert keeper.hold(source).entry.attempts == 1


def test_attempts_are_counted_before_the_work_and_end_in_quarantine(store: LogStore, one: Replica, source: Source) -> None:
    one.hold(source)
    for attempts in (2, 3):
        one.acquire(source)
        one.time.advance(LEASE)
        assert one.hold(source).entry.attempts == attempts
    one.acquire(source)
    one.time.advance(LEASE)
    last = one.hold(source)
    assert (last.entry.purpose, last.entry.attempts) == (Purpose.QUARANTINE, 3)
    one.acquire(source)
    one.time.advance(LEASE)
    assert one.hold(source).entry.purpose is Purpose.QUARANTINE


def hold_until_pages_are_done(replica: Replica, source: Source, pages: int) -> Claim:
    """Takes over a silent holder after a lease, and falls silent itself once its beat told of so many pages."""
    if isinstance(held := replica.acquire(source), Skip):
        replica.time.advance(LEASE)
        held = replica.hold(source)
    held.pages_done = pages
    assert held.renew()
    return held


def test_a_takeover_is_free_where_the_dead_holder_had_gained_pages(one: Replica, source: Source) -> None:
    took = [hold_until_pages_are_done(one, source, pages).entry for pages in (0, 3, 3, 7)]
    assert [entry.attempts for entry in took] == [1, 2, 2, 3]
    assert [(entry.took_over, entry.pages_done) for entry in took] == [(False, 0), (True, 0), (True, 3), (True, 3)]
    last = hold_until_pages_are_done(one, source, 7).entry
    assert (last.purpose, last.attempts, last.pages_done) == (Purpose.READ, 3, 7)
    assert hold_until_pages_are_done(one, source, 7).entry.purpose is Purpose.QUARANTINE


def test_pages_that_an_earlier_attempt_told_of_when_it_ended_are_no_gain(one: Replica, source: Source) -> None:
    held = one.hold(source)
    held.pages_done = 5
    held.wait(0, FAULT, charged=True)
    assert hold_until_pages_are_done(one, source, 5).entry.attempts == 2
    assert hold_until_pages_are_done(one, source, 5).entry.attempts == 3


@pytest.mark.parametrize("beat", [b"rubbish", b'{"nonce": "of-another", "sequence": 1, "at": "2026-01-01T00:00:00Z", "pages_done": 9}'])
def test_a_beat_that_is_not_the_dead_holders_spares_it_nothing(store: LogStore, one: Replica, source: Source, beat: bytes) -> None:
    one.hold(source)
    store.inner.put(f"{S}000001.beat", beat, "application/json")
    one.acquire(source)
    one.time.advance(LEASE)
    assert one.hold(source).entry.attempts == 2


def test_poison_that_gains_a_page_before_each_death_ends_with_the_pages(one: Replica, source: Source) -> None:
    pages = 20
    for held in range(1, 100):
        if hold_until_pages_are_done(one, source, min(held, pages)).entry.purpose is Purpose.QUARANTINE:
            break
    assert held <= pages + 3 + 1


def test_a_waiting_document_is_due_by_the_wall_clock_or_by_having_been_watched(one: Replica, two: Replica, source: Source) -> None:
    assert one.hold(source).wait(30, FAULT, charged=True)
    assert reason(two.acquire(source)) == "waiting"
    two.time.skew = -1e6
    two.time.advance(29)
    assert reason(two.acquire(source)) == "waiting"
    two.time.advance(1)
    taken = two.hold(source)
    assert (taken.entry.attempts, taken.entry.error) == (2, FAULT)


def test_waiting_that_is_not_the_documents_fault_costs_no_attempt(one: Replica, source: Source) -> None:
    one.hold(source).wait(0, None, charged=False)
    assert one.hold(source).entry.attempts == 1


@pytest.mark.parametrize(
    "give_back", [lambda claim: claim.wait(0, None, charged=False), lambda claim: claim.hand_back(gained=False, free_handovers=3)]
)
def test_a_spent_document_stays_spent_when_its_quarantine_is_given_back(
    store: LogStore, source: Source, give_back: Callable[[Claim], bool]
) -> None:
    replica = Replica("strict", store, max_attempts=1)
    replica.hold(source)
    replica.acquire(source)
    replica.time.advance(LEASE)
    assert give_back(replica.hold(source))
    again = replica.hold(source)
    assert (again.entry.purpose, again.entry.attempts) == (Purpose.QUARANTINE, 1)


def test_handing_back_is_free_with_a_page_gained_or_a_few_times(store: LogStore, one: Replica, source: Source) -> None:
    attempts = []
    for gained in (False, False, False, True, False):
        held = one.hold(source)
        attempts.append(held.entry.attempts)
        assert held.hand_back(gained=gained, free_handovers=2)
    assert attempts == [1, 1, 1, 2, 2]
    assert one.hold(source).entry.attempts == 2


def test_a_document_that_is_given_back_is_due_at_once(one: Replica, two: Replica, source: Source) -> None:
    one.hold(source).hand_back(gained=True, free_handovers=3)
    two.time.skew = 0.001
    assert two.hold(source).number == 3


def test_quarantine_is_a_claim_of_its_own_and_fences_the_old_one(one: Replica, source: Source) -> None:
    held = one.hold(source)
    following = held.quarantine(FAULT)
    assert (following.number, following.entry.purpose, following.entry.error) == (2, Purpose.QUARANTINE, FAULT)
    assert held.fenced
    following.check()
    assert following.close(Outcome.FAILED)


def test_an_end_that_another_forestalled_is_told(one: Replica, two: Replica, source: Source) -> None:
    held = one.hold(source)
    two.acquire(source)
    two.time.advance(LEASE)
    two.hold(source)
    assert not held.close(Outcome.DONE)
    assert not held.wait(0, None, charged=True)


def test_no_entry_is_ever_rewritten(store: LogStore, one: Replica, source: Source) -> None:
    held = one.hold(source)
    held.renew()
    held.wait(0, FAULT, charged=True)
    one.hold(source).close(Outcome.FAILED)
    written = [key.removeprefix(S) for verb, key in store.requests if verb == "put"]
    assert written in (["000001.beat"], [str(names(store)[0]), "000001.beat", *map(str, names(store)[1:])])
    assert [(entry.phase, entry.outcome) for entry in entries(store)] == [
        (Phase.HELD, None),
        (Phase.WAITING, None),
        (Phase.HELD, None),
        (Phase.CLOSED, Outcome.FAILED),
    ]


@creates_alone
def test_append_tells_won_lost_and_unknown_apart(store: LogStore, one: Replica, two: Replica, source: Source) -> None:
    log = ClaimLog(store, S)
    ours, theirs = (replica.identity.entry(Phase.HELD, source, 1) for replica in (one, two))
    assert log.append(1, ours) is Append.WON
    assert log.append(1, ours) is Append.WON
    assert log.append(1, theirs) is Append.LOST
