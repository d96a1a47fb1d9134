"""What `watcher status` counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doubles.replica import LAYOUT, InProcessReplica, drop, in_process_replica

from watcher.domain.claim import Fault, Outcome
from watcher.domain.waits import Wait
from watcher.lease.claim import Claim
from watcher.pipeline.survey import survey
from watcher.storage.memory import MemoryStore

FAULT = Fault(code="parser_crashed", message="it crashed", transient=True)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def replica(store: MemoryStore, tmp_path: Path) -> Iterator[InProcessReplica]:
    with in_process_replica("one", store, tmp_path) as one:
        yield one


@pytest.mark.parametrize(
    ("outcome", "keeps_source", "pending"),
    [(Outcome.DONE, True, 0), (Outcome.DONE, False, 1), (Outcome.FAILED, True, 1), (Outcome.GONE, True, 1)],
)
def test_of_closed_documents_in_the_inbox_only_kept_ones_that_are_done_are_not_pending(
    store: MemoryStore, replica: InProcessReplica, outcome: Outcome, keeps_source: bool, pending: int
) -> None:
    replica.acquire(drop(store, "a.pdf", "one")).close(outcome)
    assert survey(store, LAYOUT, (), keeps_source=keeps_source).pending == pending


@pytest.mark.parametrize(
    ("give_back", "reason"),
    [
        (lambda claim: claim.wait(60, None, charged=False, reason=Wait.STORE_FAILED.value), "store_failed"),
        (lambda claim: claim.wait(60, FAULT, charged=True, reason=FAULT.code), "parser_crashed"),
        (lambda claim: claim.hand_back(gained=True, free_handovers=0), "given_back"),
    ],
)
def test_the_word_for_why_it_waits_is_told(
    store: MemoryStore, replica: InProcessReplica, give_back: Callable[[Claim], bool], reason: str
) -> None:
    assert give_back(replica.acquire(drop(store, "a.pdf", "one")))
    assert [waiting.reason for waiting in survey(store, LAYOUT, (), keeps_source=False).waiting] == [reason]


def test_an_entry_that_another_version_of_the_program_wrote_ends_nothing(store: MemoryStore) -> None:
    store.put(LAYOUT.claim_log(drop(store, "a.pdf", "one")) + "000001", b"{}", "application/json")
    assert survey(store, LAYOUT, (), keeps_source=True).pending == 1


def test_a_document_that_was_read_several_times_is_one(store: MemoryStore) -> None:
    for folder in ("a.pdf/0123456789ab", "a.pdf/0123456789ab-2", "a.pdf/0123456789ab-10", "a.pdf/fedcba987654", "b.pdf/0123456789ab"):
        store.put(f"processed/{folder}/manifest.json", b"{}", "")
    assert survey(store, LAYOUT, (), keeps_source=False).finished == 3
