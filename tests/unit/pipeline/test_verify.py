"""Finished folders against their manifests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from doubles.replica import LAYOUT, InProcessReplica, drop
from doubles.stores import HookedStore
from structlog.testing import capture_logs

from watcher.domain.claim import Outcome, Phase
from watcher.domain.document import Document
from watcher.domain.verification import Progress
from watcher.lease.appending import Append
from watcher.lease.log import ClaimLog
from watcher.pipeline.attempt import End
from watcher.pipeline.verify import Verifier


@pytest.fixture
def document(store: HookedStore, replica: InProcessReplica) -> Document:
    document = drop(store, "a.pdf", "one\ntwo")
    replica.attempt(document)
    replica.attempt(drop(store, "a.pdf/b.pdf", "beside it"))
    return document


def told(store: HookedStore, replica: InProcessReplica) -> tuple[list[dict[str, object]], dict[str, object]]:
    """The flaws, and what was counted."""
    with capture_logs() as events:
        *_, last = [Progress(), *Verifier(store, LAYOUT, replica.bench.log).check(Progress())]
    return [event for event in events if event["event"] == "result_flawed"], last.model_dump()


def test_what_stands_as_it_should_is_counted(store: HookedStore, replica: InProcessReplica, document: Document) -> None:
    flaws, last = told(store, replica)
    assert flaws == []
    assert (last["results"], last["flawed"]) == (2, 0)


def test_a_check_goes_on_behind_the_folder_that_it_had_come_to(store: HookedStore, replica: InProcessReplica, document: Document) -> None:
    first, last = Verifier(store, LAYOUT, replica.bench.log).check(Progress())
    assert (first.results, last.results) == (1, 2)
    assert list(Verifier(store, LAYOUT, replica.bench.log).check(first)) == [last]
    assert list(Verifier(store, LAYOUT, replica.bench.log).check(last)) == []


def test_one_listing_and_one_request_for_each_manifest(store: HookedStore, replica: InProcessReplica, document: Document) -> None:
    store.requests.clear()
    told(store, replica)
    assert sorted(verb for verb, _ in store.requests) == ["get", "get", "list"]


@pytest.mark.parametrize("damage", ["gone", "other"])
def test_a_missing_or_changed_output_is_named(store: HookedStore, replica: InProcessReplica, document: Document, damage: str) -> None:
    key = LAYOUT.result(document) + "pages/0002.json"
    store.inner.delete(key) if damage == "gone" else store.inner.put(key, b"other", "")
    (flaw,), last = told(store, replica)
    assert (flaw["result"], flaw["broken"], flaw["left_over"]) == (LAYOUT.result(document), ["pages/0002.json"], [])
    assert last["flawed"] == 1


def test_what_no_manifest_names_is_left_over_and_stays(store: HookedStore, replica: InProcessReplica, document: Document) -> None:
    key = LAYOUT.result(document) + "images/p0001_image_0_0_1_1.jpg"
    store.inner.put(key, b"", "")
    (flaw,), _ = told(store, replica)
    assert flaw["left_over"] == ["images/p0001_image_0_0_1_1.jpg"]
    assert store.head(key)


@pytest.mark.parametrize("held", [True, False])
def test_a_folder_without_a_manifest_is_a_flaw_unless_it_is_in_work(store: HookedStore, replica: InProcessReplica, held: bool) -> None:
    document = drop(store, "a.pdf", "one")
    store.inner.put(LAYOUT.result(document) + "pages/0001.json", b"{}", "")
    if held:
        replica.acquire(document)
    flaws, last = told(store, replica)
    assert [flaw["broken"] for flaw in flaws] == ([] if held else [["manifest.json"]])
    assert (last["results"], last["unfinished"]) == (1, int(held))


def test_a_manifest_that_cannot_be_read_is_a_flaw(store: HookedStore, replica: InProcessReplica, document: Document) -> None:
    store.inner.put(LAYOUT.result(document) + "manifest.json", b"not JSON", "")
    (flaw,), _ = told(store, replica)
    assert flaw["broken"] == ["manifest.json"]


def before(store: HookedStore, verb: str, part: str, happens: Callable[[], object]) -> None:
    """Does it once, just before the first request of that verb whose key contains `part`."""
    pending = [happens]

    def hook(asked: str, key: str) -> None:
        if pending and asked == verb and part in key:
            pending.pop()()

    store.before.append(hook)


def after_listing(store: HookedStore, happens: Callable[[], object]) -> None:
    """Does it once, between the listing of all results and what follows."""
    pending = [happens]
    store.after.append(lambda verb, key: pending.pop()() if pending and (verb, key) == ("list", "processed/") else None)


def test_a_document_that_finishes_after_it_was_listed_is_sound(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one\nfigure")
    key = LAYOUT.result(document) + "pages/0001.jpg"
    store.inner.put(key, b"its first page stands", "")

    def finish() -> None:
        store.inner.delete(key)
        replica.attempt(document)

    after_listing(store, finish)
    flaws, last = told(store, replica)
    assert flaws == []
    assert (last["results"], last["flawed"]) == (1, 0)


def test_an_output_that_the_listing_did_not_show_yet_is_sound(store: HookedStore, replica: InProcessReplica, document: Document) -> None:
    key = LAYOUT.result(document) + "pages/0002.json"
    _, body = store.inner.get(key)
    store.inner.delete(key)
    after_listing(store, lambda: store.inner.put(key, body, ""))
    flaws, _ = told(store, replica)
    assert flaws == []


def test_what_a_person_removed_whole_after_it_was_listed_is_no_flaw(store: HookedStore, replica: InProcessReplica) -> None:
    key = LAYOUT.result(drop(store, "a.pdf", "one")) + "pages/0001.jpg"
    store.inner.put(key, b"", "")
    after_listing(store, lambda: store.inner.delete(key))
    flaws, _ = told(store, replica)
    assert flaws == []


@pytest.mark.parametrize("log_was_pruned", [False, True])
def test_pages_of_a_document_that_failed_are_unfinished_and_not_broken(
    store: HookedStore, replica: InProcessReplica, log_was_pruned: bool
) -> None:
    document = drop(store, "a.pdf", "!damaged")
    store.inner.put(LAYOUT.result(document) + "pages/0001.json", b"{}", "")
    assert replica.attempt(document) is End.FAILED
    if log_was_pruned:
        for info in list(store.inner.list("claims/")):
            store.inner.delete(info.key)
    flaws, last = told(store, replica)
    assert flaws == []
    assert (last["flawed"], last["unfinished"]) == (0, 1)


def test_pages_of_a_document_that_a_person_replaced_are_unfinished_and_not_broken(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    store.inner.put(LAYOUT.result(document) + "pages/0001.json", b"{}", "")
    claim = replica.acquire(document)
    claim.close(Outcome.GONE)
    flaws, last = told(store, replica)
    assert flaws == []
    assert last["unfinished"] == 1


@pytest.mark.parametrize("log_was_pruned", [False, True])
def test_a_reading_that_was_given_up_for_a_later_one_is_unfinished_and_not_broken(
    store: HookedStore, replica: InProcessReplica, document: Document, log_was_pruned: bool
) -> None:
    announce(store, replica, document, generation=3)
    store.inner.put(LAYOUT.result(replace(document, generation=2)) + "pages/0001.json", b"{}", "")
    assert replica.attempt(drop(store, "a.pdf", "one\ntwo")) is End.DONE
    if log_was_pruned:
        for info in list(store.inner.list(LAYOUT.claim_log(document))):
            store.inner.delete(info.key)
    flaws, last = told(store, replica)
    assert flaws == []
    assert (last["results"], last["unfinished"]) == (4, 1)


@pytest.mark.parametrize("damage", ["gone", "other"])
def test_a_flaw_of_a_later_reading_is_told_of_its_own_folder(
    store: HookedStore, replica: InProcessReplica, document: Document, damage: str
) -> None:
    announce(store, replica, document, generation=2)
    replica.attempt(drop(store, "a.pdf", "one\ntwo"))
    again = LAYOUT.result(replace(document, generation=2))
    key = again + "manifest.json"
    store.inner.delete(key) if damage == "gone" else store.inner.put(key, b"other", "")
    (flaw,), _ = told(store, replica)
    assert (flaw["result"], flaw["broken"]) == (again, ["manifest.json"])


def announce(store: HookedStore, replica: InProcessReplica, document: Document, generation: int) -> None:
    """A person asks for another reading of what is finished."""
    log = ClaimLog(store, LAYOUT.claim_log(document))
    tail = log.tail()
    assert tail is not None
    last = log.read(tail.entries)
    asked = replica.acquirer._identity.entry(Phase.WAITING, last.source, attempts=0, generation=generation)
    assert log.append(tail.number + 1, asked) is Append.WON


def test_a_log_that_is_pruned_meanwhile_ends_nothing(store: HookedStore, replica: InProcessReplica, document: Document) -> None:
    other = drop(store, "c.pdf", "one")
    store.inner.put(LAYOUT.result(other) + "pages/0001.json", b"{}", "")
    entry = LAYOUT.claim_log(other) + "000001"
    store.inner.put(entry, b"{}", "")
    before(store, "get", entry, lambda: store.inner.delete(entry))
    (flaw,), last = told(store, replica)
    assert (flaw["result"], flaw["broken"]) == (LAYOUT.result(other), ["manifest.json"])
    assert (last["results"], last["flawed"]) == (3, 1)


def test_a_log_that_another_version_of_the_program_wrote_ends_nothing(
    store: HookedStore, replica: InProcessReplica, document: Document
) -> None:
    other = drop(store, "c.pdf", "one")
    store.inner.put(LAYOUT.result(other) + "pages/0001.json", b"{}", "")
    store.inner.put(LAYOUT.claim_log(other) + "000001", b"{}", "")
    flaws, last = told(store, replica)
    assert flaws == []
    assert (last["results"], last["unfinished"]) == (3, 1)


def test_of_many_names_the_first_are_told_and_how_many_there_are(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "\n".join(map(str, range(20))))
    replica.attempt(document)
    prefix = LAYOUT.result(document)
    for number in range(1, 21):
        store.inner.delete(f"{prefix}pages/{number:04}.json")
    for number in range(30):
        store.inner.put(f"{prefix}images/{number:04}.jpg", b"", "")
    (flaw,), _ = told(store, replica)
    assert flaw["broken"] == [f"pages/{number:04}.json" for number in range(1, 11)]
    assert flaw["left_over"] == [f"images/{number:04}.jpg" for number in range(10)]
    assert (flaw["broken_count"], flaw["left_over_count"]) == (20, 30)
    assert "back into the inbox" in str(flaw["advice"])
