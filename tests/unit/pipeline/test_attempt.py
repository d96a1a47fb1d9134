"""One attempt on one document: what stands in the bucket after each way that it can end."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
from doubles.replica import LAYOUT, LEASE, InProcessReplica, drop, in_process_replica, manifest_of, names
from doubles.stores import HookedStore, once
from structlog.testing import capture_logs

from watcher.domain.claim import Entry, Outcome, Phase
from watcher.domain.document import Document
from watcher.domain.errors import DocumentError, ErrorCode
from watcher.domain.page import EngineInfo, PageStatus
from watcher.engines.recogniser import EngineUnavailableError
from watcher.lease.claim import Claim
from watcher.pipeline.attempt import Attempt, End
from watcher.pipeline.retain import RemovalMode
from watcher.storage.memory import MemoryStore
from watcher.storage.port import NotFoundError, OutcomeUnknownError, RefusedError, StoreError, UnavailableError


@pytest.fixture
def other(store: HookedStore, tmp_path: Path) -> Iterator[InProcessReplica]:
    with in_process_replica("two", store, tmp_path / "two") as two:
        yield two


def log_of(store: HookedStore, document: Document) -> list[Entry]:
    prefix = LAYOUT.claim_log(document)
    return [Entry.model_validate_json(store.inner.get(prefix + name)[1]) for name in names(store.inner, prefix) if name.isdigit()]


def error_of(store: HookedStore, document: Document) -> dict[str, object]:
    return json.loads(store.inner.get(LAYOUT.failure(document) + "error.json")[1])


def crash(replica: InProcessReplica, document: Document, store: HookedStore, verb: str, part: str) -> None:
    """An attempt that ends as by SIGKILL at the first request of that kind: nothing is written after it, not even an end."""

    class Killed(BaseException):
        pass

    def kill(asked: str, key: str) -> None:
        if kill.dead or (asked == verb and part in key):
            kill.dead = True
            raise Killed

    kill.dead = False
    store.before.append(kill)
    with pytest.raises(Killed):
        replica.attempt(document)
    store.before.remove(kill)


def take_over(replica: InProcessReplica, document: Document) -> None:
    """Watches a silent holder for a whole lease."""
    with pytest.raises(AssertionError, match="held"):
        replica.acquire(document)
    replica.time.advance(LEASE)


def test_a_document_is_finished_whole(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "folder/a.pdf", "first\nfigure\n!blank\nlast")
    assert replica.attempt(document) is End.DONE

    manifest = manifest_of(store, document)
    prefix = LAYOUT.result(document)
    standing = {info.key.removeprefix(prefix): info for info in store.list(prefix)}
    assert {output.name for output in manifest.outputs} | {"manifest.json"} == set(standing)
    for output in manifest.outputs:
        body = store.get(prefix + output.name)[1]
        assert (output.size, output.sha256) == (len(body), hashlib.sha256(body).hexdigest())
        assert output.etag == standing[output.name].etag
    assert [entry.status for entry in manifest.pages] == [PageStatus.OK, PageStatus.OK, PageStatus.BLANK, PageStatus.OK]
    assert manifest.timings.read == 0.75
    assert store.get(prefix + "source.pdf")[1] == b"first\nfigure\n!blank\nlast"
    assert "images/p0002_image_1_2_30_40.jpg" in standing
    text = store.get(prefix + "document.md")[1].decode()
    assert text.index("first") < text.index("<!-- page 2 -->") < text.index("last")
    assert names(store, "incoming/") == []
    assert [(entry.phase, entry.outcome) for entry in log_of(store, document)] == [(Phase.HELD, None), (Phase.CLOSED, Outcome.DONE)]
    assert json.loads(store.get("processed/folder/a.pdf/latest.json")[1])["version"] == document.version
    assert f"{document.version}/preview.html" in store.get("processed/folder/a.pdf/index.html")[1].decode()


def test_blank_pages_are_not_given_to_the_engine(store: HookedStore, replica: InProcessReplica) -> None:
    replica.attempt(drop(store, "a.pdf", "one\n!blank"))
    assert replica.recogniser.read == ["one"]


def test_the_manifest_comes_after_every_output_and_the_source_leaves_after_it(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one\ntwo")
    replica.attempt(document)
    created = [key for verb, key in store.requests if verb == "create" and key.startswith(LAYOUT.result(document))]
    assert created[-1].endswith("/manifest.json")
    order = [request for request in store.requests if request[1].endswith("manifest.json") or request[0] == "delete"]
    assert order == [("create", LAYOUT.result(document) + "manifest.json"), ("delete", "incoming/a.pdf")]


def test_a_one_page_document_costs_few_requests_and_no_listing(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    store.requests.clear()
    replica.attempt(document)
    verbs = [verb for verb, _ in store.requests]
    assert "list" not in verbs
    # claim, GET, picture, page, md, json, preview, source, manifest, latest, index, HEAD, DELETE, closed
    assert len(verbs) == 14


def test_keep_leaves_the_source_and_a_hint(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    assert replica.with_rules(retention="keep").attempt(document) is End.DONE
    assert names(store, "incoming/") == ["a.pdf"]
    assert "000002.closed" in names(store, LAYOUT.claim_log(document))
    assert not any(output.name.startswith("source") for output in manifest_of(store, document).outputs)


def test_delete_archives_nothing(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    replica.with_rules(retention="delete").attempt(document)
    assert names(store, "incoming/") == []
    assert not any("source" in name for name in names(store, LAYOUT.result(document)))


def test_a_damaged_document_goes_to_failed_at_once(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "!damaged")
    assert replica.attempt(document) is End.FAILED
    error = error_of(store, document)
    assert (error["code"], error["transient"], error["attempts"], error["original"]) == ("corrupt_pdf", False, 1, "source.pdf")
    assert "save or print it as a new PDF" in str(error["message"])
    assert error["source"]["sha256"] == hashlib.sha256(b"!damaged").hexdigest()
    assert store.get(LAYOUT.failure(document) + "source.pdf")[1] == b"!damaged"
    assert names(store, "incoming/") == []
    assert log_of(store, document)[-1].outcome is Outcome.FAILED


def test_a_file_over_the_limit_goes_to_failed_without_being_opened(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "x" * 1001)
    assert replica.attempt(document) is End.FAILED
    assert error_of(store, document)["code"] == "file_too_large"
    assert len(store.get(LAYOUT.failure(document) + "source.pdf")[1]) == 1001


def test_a_temporary_fault_waits_with_backoff_and_ends_in_failed_when_attempts_are_spent(
    store: HookedStore, replica: InProcessReplica
) -> None:
    replica.recogniser.faults["bad"] = DocumentError(ErrorCode.ENGINE_CRASHED)
    document = drop(store, "a.pdf", "bad")
    for attempt, delay in ((1, 30), (2, 60)):
        assert replica.attempt(document) is End.WAITING
        last = log_of(store, document)[-1]
        assert (last.phase, last.attempts, last.delay_seconds, last.reason) == (Phase.WAITING, attempt, delay, "engine_crashed")
        replica.time.advance(delay)
    assert replica.attempt(document) is End.FAILED
    error = error_of(store, document)
    assert (error["code"], error["page"], error["attempts"]) == ("engine_crashed", 1, 3)


def test_few_failed_pages_are_marked_and_the_document_is_finished(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "\n".join(["good"] * 19 + ["!undrawable"]))
    assert replica.attempt(document) is End.DONE
    assert [entry.page for entry in manifest_of(store, document).pages if entry.status is PageStatus.FAILED] == [20]
    assert "Page 20 could not be read" in store.get(LAYOUT.result(document) + "document.md")[1].decode()


def test_many_failed_pages_fail_the_document(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "\n".join(["good"] * 18 + ["!undrawable"] * 2))
    assert replica.attempt(document) is End.FAILED
    error = error_of(store, document)
    assert (error["code"], error["page"]) == ("page_unreadable", 19)
    assert "2 of 20 pages" in str(error["message"])


def test_a_page_that_failed_for_now_is_read_again_in_the_next_attempt(store: HookedStore, replica: InProcessReplica) -> None:
    replica.recogniser.faults["flaky"] = DocumentError(ErrorCode.ENGINE_TIMEOUT, limit=120)
    document = drop(store, "a.pdf", "good\nflaky")
    assert replica.attempt(document) is End.WAITING
    replica.recogniser.faults.clear()
    replica.recogniser.read.clear()
    replica.time.advance(30)
    assert replica.attempt(document) is End.DONE
    assert replica.recogniser.read == ["flaky"]


@pytest.mark.parametrize(
    ("verb", "part"),
    [
        ("download", "incoming/"),
        ("create", "pages/0001.jpg"),
        ("create", "pages/0003.json"),
        ("create", "document.md"),
        ("create", "source.pdf"),
        ("create", "manifest.json"),
        ("create", "latest.json"),
        ("put", "index.html"),
        ("head", "incoming/"),
        ("delete", "incoming/"),
        ("create", "000002"),
    ],
)
def test_another_replica_finishes_what_a_crash_left_wherever_it_happened(
    store: HookedStore, replica: InProcessReplica, other: InProcessReplica, verb: str, part: str
) -> None:
    document = drop(store, "a.pdf", "one\ntwo\nthree\nfour")
    crash(replica, document, store, verb, part)
    take_over(other, document)
    before = {info.key: info.etag for info in store.list("processed/")}
    assert other.attempt(document) in (End.DONE, End.ALREADY_DONE)
    after = {info.key: info.etag for info in store.list("processed/")}
    advisory = ("latest.json", "index.html")
    assert all(after[key] == etag for key, etag in before.items() if not key.endswith(advisory))
    manifest = manifest_of(store, document)
    assert {LAYOUT.result(document) + output.name: output.etag for output in manifest.outputs}.items() <= after.items()
    assert [entry.page for entry in manifest.pages] == [1, 2, 3, 4]
    assert names(store, "incoming/") == []
    assert log_of(store, document)[-1].outcome is Outcome.DONE


def test_a_takeover_reads_only_the_pages_without_a_checkpoint(
    store: HookedStore, replica: InProcessReplica, other: InProcessReplica
) -> None:
    document = drop(store, "a.pdf", "one\ntwo\nthree\nfour")
    crash(replica, document, store, "create", "pages/0003.json")
    done = {name for name in names(store, LAYOUT.result(document)) if name.endswith(".json")}
    take_over(other, document)
    other.attempt(document)
    assert len(other.recogniser.read) == 4 - len(done)
    assert manifest_of(store, document).attempt == 2


def test_pages_that_another_version_of_the_engine_read_are_adopted_and_told_of(
    store: HookedStore, replica: InProcessReplica, other: InProcessReplica
) -> None:
    other.recogniser.state = replace(other.recogniser.state, info=EngineInfo(name="echo", version="2"))
    document = drop(store, "a.pdf", "\n".join(f"page {number}" for number in range(1, 7)))
    crash(replica, document, store, "create", "pages/0005.json")
    take_over(other, document)
    assert other.attempt(document) is End.DONE
    manifest = manifest_of(store, document)
    by = {entry.page: entry.engine for entry in manifest.pages}
    assert by == {page: f"echo {2 if f'page {page}' in other.recogniser.read else 1}" for page in range(1, 7)}
    assert set(by.values()) == {"echo 1", "echo 2"}
    assert manifest.engine.version == "2"
    engines = json.loads(store.get(LAYOUT.result(document) + "document.json")[1])["engines"]
    assert sorted(engine["version"] for engine in engines) == ["1", "2"]


def test_a_crash_within_quarantine_is_finished_by_another(store: HookedStore, replica: InProcessReplica, other: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "!damaged")
    crash(replica, document, store, "put", "error.json")
    take_over(other, document)
    assert other.attempt(document) is End.FAILED
    assert (error_of(store, document)["code"], names(store, "incoming/")) == ("corrupt_pdf", [])


def test_a_crash_after_a_failed_source_left_closes_the_log_as_failed(
    store: HookedStore, replica: InProcessReplica, other: InProcessReplica
) -> None:
    document = drop(store, "a.pdf", "!damaged")
    crash(replica, document, store, "create", "000003")
    take_over(other, document)
    assert other.attempt(document) is End.FAILED
    assert log_of(store, document)[-1].outcome is Outcome.FAILED


def test_a_poison_document_that_kills_every_replica_is_quarantined(
    store: HookedStore, replica: InProcessReplica, other: InProcessReplica
) -> None:
    document = drop(store, "a.pdf", "poison")
    crash(replica, document, store, "create", "pages/")
    for _ in range(2):
        take_over(replica, document)
        crash(replica, document, store, "create", "pages/")
    take_over(other, document)
    assert other.attempt(document) is End.FAILED
    error = error_of(store, document)
    assert (error["code"], error["attempts"]) == ("worker_lost", 3)


def test_the_error_tells_of_every_attempt_and_of_the_pages_that_are_kept(
    store: HookedStore, replica: InProcessReplica, other: InProcessReplica
) -> None:
    replica.recogniser.faults["bad"] = other.recogniser.faults["bad"] = DocumentError(ErrorCode.ENGINE_ERROR)
    document = drop(store, "a.pdf", "good\nbad")
    assert replica.attempt(document) is End.WAITING
    replica.time.advance(30)
    crash(replica, document, store, "download", "incoming/")
    take_over(other, document)
    assert other.attempt(document) is End.FAILED
    error = error_of(store, document)
    assert [(past["attempt"], past["replica"], past["ended"], past["code"], past["page"]) for past in error["history"]] == [
        (1, "one", "failed", "engine_error", 2),
        (2, "one", "lost", "worker_lost", None),
        (3, "two", "failed", "engine_error", 2),
    ]
    assert (error["pages_kept"], error["pages_folder"]) == (1, LAYOUT.result(document))
    assert "pages/0001.json" in names(store, str(error["pages_folder"]))
    assert "good" not in json.dumps(error["history"])


def test_a_source_that_vanished_before_it_was_read_closes_the_log(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    store.inner.delete(document.key)
    assert replica.attempt(document) is End.GONE
    assert log_of(store, document)[-1].outcome is Outcome.GONE


LONG = "\n".join(f"page {number}" for number in range(1, 21))


@contextmanager
def reading_takes_time(replica: InProcessReplica, seconds: float, happens: dict[str, Callable[[], object]]) -> Iterator[None]:
    """Each page takes so long, with a beat after it; something `happens` while one is read."""
    claims = []

    def read(text: str) -> None:
        happens.get(text, lambda: None)()
        replica.time.advance(seconds)
        for claim in claims:
            claim.renew()

    def keep(claim: Claim) -> AbstractContextManager[Claim]:
        claims.append(claim)
        return nullcontext(claim)

    replica.recogniser.before = read
    yield replace(replica, bench=replace(replica.bench, keep=keep))


def test_a_document_that_a_person_takes_back_is_let_go_within_a_lease(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", LONG)
    with reading_takes_time(replica, LEASE / 3, {"page 2": lambda: store.inner.delete(document.key)}) as slow:
        assert slow.attempt(document) is End.GONE
    assert len(replica.recogniser.read) <= 2 + 3 + replica.bench.rules.render_pages
    assert log_of(store, document)[-1].outcome is Outcome.GONE
    standing = names(store, LAYOUT.result(document))
    assert not {"manifest.json", "document.md"} & set(standing)
    assert names(store, "failed/") == []
    assert list(replica.bench.scratch.iterdir()) == []


def test_pages_of_a_document_that_was_taken_back_are_not_read_again_when_it_returns(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", LONG)
    with reading_takes_time(replica, LEASE / 3, {"page 12": lambda: store.inner.delete(document.key)}) as slow:
        slow.attempt(document)
    kept = [name for name in names(store, LAYOUT.result(document)) if name.endswith(".json")]
    replica.recogniser.read.clear()
    replica.recogniser.before = lambda text: None
    assert replica.attempt(drop(store, "a.pdf", LONG)) is End.DONE
    assert len(replica.recogniser.read) == 20 - len(kept)
    assert kept


def test_a_look_for_the_source_costs_at_most_a_request_a_lease(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", LONG)
    with reading_takes_time(replica, LEASE / 3, {}) as slow:
        store.requests.clear()
        assert slow.attempt(document) is End.DONE
    looks = [verb for verb, key in store.requests if key == document.key and verb == "head"]
    assert 2 <= len(looks) - 1 <= 20 / 3  # the last one comes before the removal


@pytest.mark.parametrize("error", [UnavailableError("down"), RefusedError("no right to read")])
def test_a_look_that_gets_no_answer_changes_nothing(store: HookedStore, replica: InProcessReplica, error: StoreError) -> None:
    document = drop(store, "a.pdf", "\n".join(f"page {number}" for number in range(1, 6)))
    store.before.append(once("head", document.key, error))
    with reading_takes_time(replica, LEASE / 3, {}) as slow:
        assert slow.attempt(document) is End.DONE


def test_a_document_that_is_replaced_while_it_is_read_is_finished_in_the_version_that_was_fetched(
    store: HookedStore, replica: InProcessReplica
) -> None:
    document = drop(store, "a.pdf", LONG)
    with reading_takes_time(replica, LEASE / 3, {"page 2": lambda: drop(store.inner, "a.pdf", "another")}) as slow:
        assert slow.attempt(document) is End.DONE
    assert store.get(document.key)[1] == b"another"


def test_a_retried_document_that_is_taken_back_stays_failed(store: HookedStore, replica: InProcessReplica) -> None:
    replica.recogniser.faults.update({page: DocumentError(ErrorCode.CORRUPT_IMAGE) for page in LONG.splitlines()})
    strict = replica.with_rules(failed_pages_percent=0.0)
    document = drop(store, "a.pdf", LONG)
    assert strict.attempt(document) is End.FAILED
    replica.recogniser.faults.clear()
    again = drop(store, "a.pdf", LONG)
    with reading_takes_time(strict, LEASE / 3, {"page 5": lambda: store.inner.delete(document.key)}) as slow:
        assert slow.attempt(again) is End.FAILED
    assert error_of(store, document)["code"] == "corrupt_image"
    assert log_of(store, document)[-1].outcome is Outcome.FAILED


def test_a_replaced_source_is_left_to_its_own_log(store: HookedStore, replica: InProcessReplica) -> None:
    first = drop(store, "a.pdf", "first")
    second = drop(store, "a.pdf", "second")
    assert replica.attempt(first) is End.GONE
    assert replica.attempt(second) is End.DONE
    assert manifest_of(store, second).source.etag == second.etag
    with pytest.raises(NotFoundError):
        manifest_of(store, first)


@pytest.mark.parametrize("removal", [RemovalMode.CHECKED, RemovalMode.VERSIONED, RemovalMode.CONDITIONAL])
def test_a_source_replaced_while_it_was_read_stays_for_its_own_turn(tmp_path: Path, removal: RemovalMode) -> None:
    store = HookedStore(
        MemoryStore(versioned=removal is RemovalMode.VERSIONED, honours_delete_conditions=removal is RemovalMode.CONDITIONAL)
    )
    with in_process_replica("one", store, tmp_path, removal) as replica:
        first = drop(store, "a.pdf", "first")
        replica.recogniser.before = lambda text: drop(store, "a.pdf", "second") if text == "first" else None
        assert replica.attempt(first) is End.DONE
        info = store.head("incoming/a.pdf")
        second = LAYOUT.document(info.key, info.etag, info.size, info.modified)
        assert replica.attempt(second) is End.DONE
        assert manifest_of(store, first).version != manifest_of(store, second).version
        assert json.loads(store.get("processed/a.pdf/latest.json")[1])["version"] == second.version
        assert names(store, "incoming/") == []


def test_a_replacement_between_the_look_and_the_removal_survives_in_a_versioned_bucket(tmp_path: Path) -> None:
    store = HookedStore(MemoryStore(versioned=True))
    with in_process_replica("one", store, tmp_path, RemovalMode.VERSIONED) as replica:
        document = drop(store, "a.pdf", "first")
        replaced: list[Document] = []

        def replace(verb: str, key: str) -> None:
            if verb == "delete_version" and not replaced:
                replaced.append(drop(store, "a.pdf", "second"))

        store.before.append(replace)
        replica.attempt(document)
        assert store.get("incoming/a.pdf")[1] == b"second"


def test_the_same_content_dropped_again_leaves_the_inbox_unread(store: HookedStore, replica: InProcessReplica) -> None:
    replica.attempt(drop(store, "a.pdf", "one"))
    replica.recogniser.read.clear()
    assert replica.attempt(drop(store, "a.pdf", "one")) is End.ALREADY_DONE
    assert (replica.recogniser.read, names(store, "incoming/")) == ([], [])


def test_success_after_failure_removes_the_failure(store: HookedStore, replica: InProcessReplica) -> None:
    replica.recogniser.faults["page"] = DocumentError(ErrorCode.ENGINE_ERROR)
    strict = replica.with_rules(policy=replica.bench.rules.policy.__class__(1, 30, 3600))
    document = drop(store, "a.pdf", "page")
    assert strict.attempt(document) is End.FAILED
    replica.recogniser.faults.clear()
    assert strict.attempt(drop(store, "a.pdf", "page")) is End.DONE
    assert names(store, LAYOUT.failure(document)) == []


def test_an_older_version_finished_late_does_not_take_the_index_back(store: HookedStore, replica: InProcessReplica) -> None:
    first = drop(store, "a.pdf", "first")
    newer: list[Document] = []

    def finish_newer_first(text: str) -> None:
        if text == "first" and not newer:
            newer.append(drop(store, "a.pdf", "second"))
            assert replica.attempt(newer[0]) is End.DONE

    replica.recogniser.before = finish_newer_first
    assert replica.attempt(first) is End.DONE
    assert json.loads(store.get("processed/a.pdf/latest.json")[1])["version"] == newer[0].version


def test_results_that_stand_already_are_adopted_never_overwritten(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    store.put(LAYOUT.result(document) + "document.md", b"of another replica", "text/markdown")
    assert replica.attempt(document) is End.DONE
    output = next(output for output in manifest_of(store, document).outputs if output.name == "document.md")
    assert output.sha256 == hashlib.sha256(b"of another replica").hexdigest()
    assert store.get(LAYOUT.result(document) + "document.md")[1] == b"of another replica"


@pytest.mark.parametrize("name", ["pages/0001.json", "document.json", "manifest.json"])
def test_an_answer_that_was_lost_is_read_back(store: HookedStore, replica: InProcessReplica, name: str) -> None:
    store.after.append(once("create", name, OutcomeUnknownError("no answer")))
    document = drop(store, "a.pdf", "one")
    assert replica.attempt(document) is End.DONE
    assert manifest_of(store, document).version == document.version


@pytest.mark.parametrize(
    ("fault", "word"), [(UnavailableError("down"), "store_failed"), (EngineUnavailableError("no engine"), "child_process_failed")]
)
def test_a_fault_of_the_surroundings_costs_no_attempt(store: HookedStore, replica: InProcessReplica, fault: Exception, word: str) -> None:
    document = drop(store, "a.pdf", "one")
    if isinstance(fault, UnavailableError):
        store.before.append(once("create", "pages/", fault))
    else:
        replica.recogniser.faults["one"] = fault
    assert replica.attempt(document) is End.WAITING
    assert (log_of(store, document)[-1].attempts, log_of(store, document)[-1].reason) == (0, word)
    replica.recogniser.faults.clear()
    replica.time.advance(60)
    assert replica.attempt(document) is End.DONE
    assert manifest_of(store, document).attempt == 1


def test_a_holder_that_was_taken_over_writes_nothing_more(store: HookedStore, replica: InProcessReplica, other: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one\ntwo")
    claim = replica.acquire(document)
    take_over(other, document)
    assert other.attempt(document) is End.DONE
    replica.time.advance(LEASE)
    before = [(info.key, info.etag) for info in store.list("")]
    assert Attempt(replica.bench, claim, document, lambda: None, lambda: None).run() is End.LOST
    assert [(info.key, info.etag) for info in store.list("")] == before


def test_an_end_gives_the_document_back_with_its_pages_for_another_to_go_on(
    store: HookedStore, replica: InProcessReplica, other: InProcessReplica
) -> None:
    document = drop(store, "a.pdf", "\n".join(f"page {number}" for number in range(1, 9)))
    replica.recogniser.before = lambda text: replica.bench.give_back.set() if text == "page 5" else None
    assert replica.attempt(document) is End.GIVEN_BACK
    last = log_of(store, document)[-1]
    assert (last.phase, last.attempts, last.delay_seconds, last.reason) == (Phase.WAITING, 0, 0, "given_back")
    assert other.attempt(document) is End.DONE
    assert len(other.recogniser.read) < 8
    assert manifest_of(store, document).attempt == 1


def test_a_pointer_whose_time_has_no_zone_is_none_of_ours(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    store.inner.put("processed/a.pdf/latest.json", b'{"version": "0123456789ab", "dropped_at": "2030-01-01T00:00:00"}', "")
    assert replica.attempt(document) is End.DONE
    assert json.loads(store.get("processed/a.pdf/latest.json")[1])["version"] == document.version


def test_an_end_of_which_writing_learns_the_hard_way_is_not_charged(
    store: HookedStore, replica: InProcessReplica, other: InProcessReplica
) -> None:
    """Where the store was too slow for the grace period the daemon's threads are gone before the document is given back."""
    document = drop(store, "a.pdf", "one")

    def end(verb: str, key: str) -> None:
        if key.endswith("pages/0001.json"):
            replica.bench.give_back.set()
            replica.bench.uploads.shutdown(wait=False, cancel_futures=True)

    store.before.append(end)
    assert replica.attempt(document) is End.GIVEN_BACK
    assert (log_of(store, document)[-1].attempts, log_of(store, document)[-1].reason) == (0, "given_back")
    assert other.attempt(document) is End.DONE


def test_scratch_is_empty_after_every_end(store: HookedStore, replica: InProcessReplica) -> None:
    for name, text in (("a.pdf", "one"), ("b.pdf", "!damaged")):
        replica.attempt(drop(store, name, text))
    assert list(replica.bench.scratch.iterdir()) == []


def test_a_disk_without_room_costs_no_attempt(store: HookedStore, replica: InProcessReplica, tmp_path: Path) -> None:
    document = drop(store, "a.pdf", "one")
    (tmp_path / "full").write_text("a file where the folder should be")
    full = replace(replica, bench=replace(replica.bench, scratch=tmp_path / "full"))
    assert full.attempt(document) is End.WAITING
    assert (log_of(store, document)[-1].attempts, log_of(store, document)[-1].reason) == (0, "local_disk_failed")
    replica.time.advance(30)
    assert replica.attempt(document) is End.DONE


def test_a_file_over_the_limit_goes_to_failed_without_room_on_our_disk(
    store: HookedStore, replica: InProcessReplica, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = drop(store, "a.pdf", "x" * 1001)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(total=2000, free=0))
    assert replica.attempt(document) is End.FAILED
    report = error_of(store, document)
    assert (report["code"], report["source"]["size"]) == ("file_too_large", 1001)
    assert "limits.file_bytes" in report["message"]
    assert store.get(LAYOUT.failure(document) + "source.pdf")[1] == b"x" * 1001
    assert names(store, "incoming/") == []
    assert not [verb for verb, _ in store.requests if verb == "download"]


def test_a_file_larger_than_our_whole_disk_ends_and_one_larger_than_its_room_waits(
    store: HookedStore, replica: InProcessReplica, monkeypatch: pytest.MonkeyPatch
) -> None:
    never, later = drop(store, "never.pdf", "x" * 900), drop(store, "later.pdf", "x" * 700)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(total=800, free=600))
        assert (replica.attempt(never), replica.attempt(later)) == (End.FAILED, End.WAITING)
    assert "watch.scratch" in error_of(store, never)["message"]
    assert log_of(store, later)[-1].attempts == 0
    replica.time.advance(30)
    assert replica.attempt(later) is End.DONE


def test_a_file_that_is_replaced_before_it_is_copied_to_failed_is_gone_and_its_replacement_stays(
    store: HookedStore, replica: InProcessReplica
) -> None:
    document = drop(store, "a.pdf", "x" * 1001)
    store.before.append(lambda verb, key: store.inner.put("incoming/a.pdf", b"new", "application/pdf") if verb == "copy" else None)
    assert replica.attempt(document) is End.GONE
    assert store.get("incoming/a.pdf")[1] == b"new"
    assert names(store, "failed/") == []


def test_waits_for_what_is_not_the_documents_fault_grow_and_begin_anew_after_it(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    replica.recogniser.faults["one"] = EngineUnavailableError("no engine")
    delays = []
    for _ in range(4):
        assert replica.attempt(document) is End.WAITING
        delays.append(log_of(store, document)[-1].delay_seconds)
        replica.time.advance(delays[-1])
    assert delays == [30, 60, 120, 240]
    replica.recogniser.faults["one"] = DocumentError(ErrorCode.ENGINE_ERROR)
    assert replica.attempt(document) is End.WAITING
    assert (log_of(store, document)[-1].delay_seconds, log_of(store, document)[-1].postponed) == (30, 0)


def test_the_picture_of_a_page_that_was_drawn_but_not_read_stands_in_the_manifest(store: HookedStore, replica: InProcessReplica) -> None:
    replica.recogniser.faults["bad"] = DocumentError(ErrorCode.ENGINE_ERROR)
    document = drop(store, "a.pdf", "\n".join(["good"] * 19 + ["bad"]))
    assert replica.attempt(document) is End.DONE
    standing = set(names(store, LAYOUT.result(document)))
    assert {output.name for output in manifest_of(store, document).outputs} | {"manifest.json"} == standing
    assert "pages/0020.jpg" in standing


def test_pages_do_not_pile_up_before_a_store_that_is_slower_than_the_engine(store: HookedStore, replica: InProcessReplica) -> None:
    window, opened = replica.bench.rules.window_pages, threading.Event()
    document = drop(store, "a.pdf", "\n".join(f"page {number}" for number in range(50)))

    def wait(verb: str, key: str) -> None:
        if verb == "create" and "/pages/" in key:
            assert opened.wait(30)

    def read(text: str) -> None:
        if len(replica.recogniser.read) > 3 * window and not opened.is_set():
            opened.set()
            raise AssertionError(f"{len(replica.recogniser.read)} pages were read before one was written")

    store.before.append(wait)
    replica.recogniser.before = read
    opener = threading.Timer(1.0, opened.set)
    opener.start()
    assert replica.attempt(document) is End.DONE
    opener.join()


def test_a_damaged_checkpoint_is_told_without_its_text(store: HookedStore, replica: InProcessReplica, other: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one\ntwo")
    crash(replica, document, store, "create", "pages/0002.json")
    store.inner.put(LAYOUT.result(document) + "pages/0001.json", b'{"number": "IVANOV passport 4509"}', "application/json")
    take_over(other, document)
    with capture_logs() as events:
        other.attempt(document)
    told = "".join(traceback_of(event) for event in events) + json.dumps(
        [entry.model_dump(mode="json") for entry in log_of(store, document)]
    )
    assert "internal_error" in told
    assert "IVANOV" not in told


def traceback_of(event: dict[str, object]) -> str:
    """The event as a log would show it, its exception's text included."""
    return json.dumps(structlog.processors.format_exc_info(None, "", dict(event)), default=str)


def test_why_a_claim_was_lost_is_told(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one")
    replica.recogniser.before = lambda text: replica.time.advance(LEASE)
    with capture_logs() as events:
        assert replica.attempt(document) is End.LOST
    assert [event["reason"] for event in events if event["event"] == "claim_lost"] == ["its lease ran out before it could be renewed"]


def test_the_log_of_a_failed_document_says_what_to_do_and_where_it_lies(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "!damaged")
    with capture_logs() as events:
        replica.attempt(document)
    (told,) = [event for event in events if event["event"] == "document_quarantined"]
    assert told["message"] == error_of(store, document)["message"]
    assert store.head(str(told["report"]))


def test_the_ledger_tells_what_went_otherwise_than_usual_on_each_page(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "a.pdf", "one\ncut half\nnothing\nremark this\nfigure")
    assert replica.attempt(document) is End.DONE

    assert [(entry.status, entry.note) for entry in manifest_of(store, document).pages] == [
        (PageStatus.OK, ""),
        (PageStatus.TRUNCATED, "1 block: the answer was cut off"),
        (PageStatus.EMPTY, "the engine found nothing; ink covers 20 % of the page"),
        (PageStatus.OK, "it was read twice"),
        (PageStatus.OK, ""),
    ]
    text = store.get(LAYOUT.result(document) + "document.md")[1].decode()
    assert "half\n\n> **Text is missing here:** the answer was cut off\n" in text
    assert "> **The engine found nothing on page 3 though it is not blank.**\n" in text
    assert text.count("cut off") == 1


@pytest.mark.parametrize(
    ("omit", "shown", "told"), [({"header"}, False, ["header"]), (set(), True, []), ({"text", "seal"}, True, ["seal", "text"])]
)
def test_labels_are_left_out_as_the_setting_says_and_the_manifest_tells_them(
    store: HookedStore, replica: InProcessReplica, omit: set[str], shown: bool, told: list[str]
) -> None:
    document = drop(store, "a.pdf", "header Confidential\none")
    assert replica.with_rules(omit_labels=frozenset(omit)).attempt(document) is End.DONE

    prefix = LAYOUT.result(document)
    assert ("Confidential" in store.get(prefix + "document.md")[1].decode()) is shown
    assert "Confidential" in store.get(prefix + "document.json")[1].decode()
    assert ('class="omitted"' in store.get(prefix + "preview.html")[1].decode()) is bool(omit)
    assert manifest_of(store, document).labels_omitted == told
