"""Many replicas on one inbox, in virtual time: how the daemon's own dispatcher shares documents out. See `python -m benchmarks.fleet`."""

from __future__ import annotations

import pytest

from benchmarks.fleet.load import Load
from benchmarks.fleet.world import simulate


@pytest.mark.parametrize("names", ["random", "counted"])
@pytest.mark.parametrize(("replicas", "documents"), [(8, 3000), (20, 3000)])
def test_few_claims_are_lost_where_many_replicas_share_a_backlog(replicas: int, documents: int, names: str) -> None:
    outcome = simulate(Load(replicas=replicas, documents=documents, names=names))
    assert len(outcome.waits) == documents
    assert outcome.read_twice == 0
    assert outcome.lost_share < 0.05, outcome.refused


def test_replicas_of_a_large_fleet_lose_few_claims_though_each_has_but_a_hundred_documents() -> None:
    outcome = simulate(Load(replicas=40, documents=4000))
    assert outcome.lost_share < 0.06, outcome.refused
    assert outcome.requests_per_document < 6  # four of these are the claim, the look at the source, its removal, and the end


def test_documents_that_are_dropped_one_by_one_wait_for_no_more_than_a_poll_or_two() -> None:
    load = Load(replicas=20, documents=400, dropped_over=200)
    outcome = simulate(load)
    assert outcome.waits[-1] < 2 * load.poll_seconds
    assert outcome.lost_share < 0.05, outcome.refused


def test_a_document_that_takes_long_is_not_hammered_by_those_who_have_nothing_to_do() -> None:
    """One listing for each poll, and one more of its log with each third of a lease; its holder beats with three requests."""
    load = Load(replicas=8, documents=1, document_seconds=1200)
    outcome = simulate(load)
    polls = load.replicas * outcome.drained_at / load.poll_seconds
    thirds = outcome.drained_at / (load.lease_seconds / 3)
    assert outcome.refused <= load.replicas
    assert outcome.requests["LIST incoming/"] <= polls + load.replicas
    assert outcome.requests["LIST claims/"] <= load.replicas * (thirds + 1)
    assert outcome.requests["GET claims/"] <= (load.replicas + 1) * (thirds + 2)


def test_a_load_has_the_same_outcome_each_time() -> None:
    first, second = (simulate(Load(replicas=5, documents=300)) for _ in range(2))
    assert (first.requests, first.waits, first.drained_at) == (second.requests, second.waits, second.drained_at)


def test_nothing_takes_less_time_than_the_ideal() -> None:
    for load in (Load(replicas=1, documents=40), Load(replicas=3, documents=200), Load(replicas=3, documents=20, dropped_over=50)):
        assert 1 <= simulate(load).times_ideal < 2
