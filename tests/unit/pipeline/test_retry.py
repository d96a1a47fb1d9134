"""Failed documents back in the inbox, by the command and by hand."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from doubles.replica import LAYOUT, InProcessReplica, drop, manifest_of, names
from doubles.stores import HookedStore, once

from watcher.domain.claim import Outcome
from watcher.domain.document import Document
from watcher.domain.errors import DocumentError, ErrorCode
from watcher.domain.manifest import ErrorReport
from watcher.domain.retry import RetryPolicy
from watcher.pipeline.attempt import End
from watcher.pipeline.restore import Answer
from watcher.pipeline.retry import Retry
from watcher.storage.port import OutcomeUnknownError, UnavailableError, UnstorableKeyError

TEXT = "good\nbad"


@pytest.fixture
def strict(replica: InProcessReplica) -> InProcessReplica:
    """Gives a document up after its first attempt; `bad` cannot be read."""
    replica.recogniser.faults["bad"] = DocumentError(ErrorCode.ENGINE_ERROR)
    return replica.with_rules(policy=RetryPolicy(1, 30, 3600))


@pytest.fixture
def failed(store: HookedStore, strict: InProcessReplica) -> Document:
    document = drop(store, "folder/a.pdf", TEXT)
    assert strict.attempt(document) is End.FAILED
    return document


def retry(store: HookedStore, place: str | None = None, code: str | None = None) -> list[Answer]:
    command = Retry(store, LAYOUT)
    return list(command.run(command.find(place), code))


def by_the_command(store: HookedStore, document: Document) -> None:
    (answer,) = retry(store, document.key)
    assert (answer.place, answer.done) == (document.key, True)


def by_moving_the_file(store: HookedStore, document: Document) -> None:
    """As a storage console moves: a copy, then a delete."""
    original = LAYOUT.failure(document) + "source.pdf"
    store.put(document.key, store.get(original)[1], "application/octet-stream")
    store.delete(original)


def listed(store: HookedStore, key: str) -> Document:
    info = store.head(key)
    return LAYOUT.document(info.key, info.etag, info.size, info.modified)


@pytest.mark.parametrize("restore", [by_the_command, by_moving_the_file])
def test_a_restored_document_is_read_from_its_first_attempt_on_with_its_pages_kept(
    store: HookedStore, strict: InProcessReplica, failed: Document, restore: Callable[[HookedStore, Document], None]
) -> None:
    restore(store, failed)
    strict.recogniser.faults.clear()
    strict.recogniser.read.clear()
    again = listed(store, failed.key)
    assert again.version == failed.version
    assert strict.attempt(again) is End.DONE
    assert strict.recogniser.read == ["bad"]
    assert manifest_of(store, again).attempt == 1
    assert names(store, "failed/") == names(store, "incoming/") == []


@pytest.mark.parametrize("restore", [by_the_command, by_moving_the_file])
def test_a_restored_document_that_fails_again_has_its_original_and_both_attempts_beside_the_error(
    store: HookedStore, strict: InProcessReplica, failed: Document, restore: Callable[[HookedStore, Document], None]
) -> None:
    restore(store, failed)
    assert strict.attempt(listed(store, failed.key)) is End.FAILED
    report = ErrorReport.model_validate_json(store.get(LAYOUT.failure(failed) + "error.json")[1])
    assert [(past.attempt, past.ended.value) for past in report.history] == [(1, "failed"), (1, "failed")]
    assert store.get(LAYOUT.failure(failed) + "source.pdf")[1].decode() == TEXT
    assert names(store, "incoming/") == []


@pytest.mark.parametrize(
    "place",
    ["folder/a.pdf", "incoming/folder/a.pdf", "failed/folder/a.pdf", "failed/folder/a.pdf/", "failed/folder/a.pdf/{version}/error.json"],
)
def test_a_document_is_found_by_whatever_names_it(store: HookedStore, failed: Document, place: str) -> None:
    (answer,) = retry(store, place.format(version=failed.version))
    assert answer == Answer("incoming/folder/a.pdf", True, "restored, it will be read again")
    assert store.get("incoming/folder/a.pdf")[1].decode() == TEXT


def test_a_document_that_stands_under_its_hash_is_found_by_its_name(store: HookedStore, strict: InProcessReplica) -> None:
    document = drop(store, "a//b\u202e.pdf", TEXT)
    assert strict.attempt(document) is End.FAILED
    assert [answer.done for answer in retry(store, "a//b\u202e.pdf")] == [True]


@pytest.mark.parametrize("place", ["folder/b.pdf", "folder", "failed/folder/", "", "/", "failed/", "x" * 5000])
def test_what_names_no_failed_document_finds_none(store: HookedStore, failed: Document, place: str) -> None:
    assert Retry(store, LAYOUT).find(place) == []


def test_all_of_one_code_are_restored_and_no_others(store: HookedStore, strict: InProcessReplica, failed: Document) -> None:
    damaged = drop(store, "b.pdf", "!damaged")
    strict.attempt(damaged)
    assert [answer.place for answer in retry(store, code="corrupt_pdf")] == [damaged.key]
    assert names(store, "incoming/") == ["b.pdf"]
    assert [answer.place for answer in retry(store)] == [damaged.key, failed.key]
    assert names(store, "incoming/") == ["b.pdf", "folder/a.pdf"]


def test_what_was_restored_already_is_told_and_no_fault(store: HookedStore, failed: Document) -> None:
    retry(store)
    assert [(answer.done, answer.words) for answer in retry(store)] == [(True, "stands in the inbox already")]


def test_nothing_that_stands_in_the_inbox_is_overwritten(store: HookedStore, failed: Document) -> None:
    drop(store, "folder/a.pdf", "another")
    (answer,) = retry(store)
    assert not answer.done
    assert answer.place == LAYOUT.failure(failed)
    assert "another file stands in the inbox" in answer.words
    assert store.get(failed.key)[1] == b"another"


def test_what_is_dropped_at_that_very_moment_is_not_overwritten(store: HookedStore, failed: Document) -> None:
    pending = [lambda: drop(store.inner, "folder/a.pdf", "another")]
    store.before.append(lambda verb, key: pending.pop()() if pending and (verb, key) == ("create", failed.key) else None)
    (answer,) = retry(store)
    assert not answer.done
    assert store.get(failed.key)[1] == b"another"


def test_of_several_failed_versions_the_newest_comes_back(store: HookedStore, strict: InProcessReplica, failed: Document) -> None:
    strict.time.advance(1)
    newer = drop(store, "folder/a.pdf", "newer\nbad")
    strict.attempt(newer)
    first, second = retry(store, "folder/a.pdf")
    assert (first.done, second.done) == (True, False)
    assert store.get(failed.key)[1] == b"newer\nbad"


def test_an_answer_that_was_lost_is_read_back(store: HookedStore, failed: Document) -> None:
    store.after.append(once("create", failed.key, OutcomeUnknownError("no answer")))
    assert [answer.done for answer in retry(store)] == [True]


def test_a_create_that_never_arrived_is_told(store: HookedStore, failed: Document) -> None:
    store.before.append(once("create", failed.key, OutcomeUnknownError("no answer")))
    (answer,) = retry(store)
    assert (answer.done, answer.words) == (False, "the store gave no usable answer: try again")


def test_a_store_that_does_not_answer_ends_the_command(store: HookedStore, failed: Document) -> None:
    store.before.append(once("get", "error.json", UnavailableError("down")))
    with pytest.raises(UnavailableError):
        retry(store)


def test_a_document_that_is_only_being_moved_to_failed_is_left_alone(
    store: HookedStore, strict: InProcessReplica, failed: Document
) -> None:
    """Its source is gone and its log still held: whoever took over would find the source and move it again."""
    by_the_command(store, failed)
    strict.acquire(listed(store, failed.key))
    store.inner.delete(failed.key)
    (answer,) = retry(store)
    assert (answer.done, answer.words) == (False, "a replica is still at work on it: try again in a minute")


def spoil_report(report: dict[str, object], **changes: object) -> bytes:
    return json.dumps({**report, **changes}).encode()


@pytest.mark.parametrize(
    "key", ["incoming/" + "x" * 2000, "incoming/other.pdf", "processed/folder/a.pdf", "incoming/a\0.pdf", "", "../../etc"]
)
def test_a_report_that_names_another_document_is_not_followed(store: HookedStore, failed: Document, key: str) -> None:
    place = LAYOUT.failure(failed) + "error.json"
    report = json.loads(store.get(place)[1])
    store.inner.put(place, spoil_report(report, source={**report["source"], "key": key}), "")
    before = names(store, "")
    (answer,) = retry(store)
    assert not answer.done
    assert "names another document" in answer.words
    assert names(store, "") == before


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda report: b"rubbish", "is none of ours"),
        (lambda report: spoil_report(report, original=None), "its original was gone before it could be kept"),
        (lambda report: spoil_report(report, original="other.pdf"), "does not stand beside it any more"),
        (lambda report: spoil_report(report, original="error.json"), "changed or damaged"),
    ],
)
def test_a_report_that_tells_wrongly_ends_nothing(
    store: HookedStore, strict: InProcessReplica, failed: Document, spoil: Callable[[dict[str, object]], bytes], words: str
) -> None:
    other = drop(store, "b.pdf", TEXT)
    strict.attempt(other)
    place = LAYOUT.failure(failed) + "error.json"
    store.inner.put(place, spoil(json.loads(store.get(place)[1])), "")
    answers = {answer.place: answer for answer in retry(store)}
    assert words in answers[LAYOUT.failure(failed)].words
    assert answers[other.key].done


def test_a_store_that_cannot_hold_the_name_is_told(store: HookedStore, failed: Document) -> None:
    store.before.append(once("create", failed.key, UnstorableKeyError("a folder stands there")))
    (answer,) = retry(store)
    assert (answer.done, answer.words) == (False, "the store cannot hold its name: a folder stands there")


def uploaded_in_parts(store: HookedStore, strict: InProcessReplica) -> Document:
    """A failed document whose ETag was not that of its bytes in one piece, as after an upload in parts."""
    document = drop(store, "a.pdf", TEXT)
    in_parts = LAYOUT.document(document.key, "0123456789abcdef-2", document.size, document.modified)
    report = ErrorReport(
        version=in_parts.version,
        source={"key": document.key, "etag": in_parts.etag, "size": document.size, "dropped_at": document.modified},
        code="engine_error",
        message="",
        transient=True,
        attempts=1,
        original="source.pdf",
        watcher="",
        replica="one",
        failed_at=document.modified,
    )
    store.put(LAYOUT.failure(in_parts) + "error.json", report.model_dump_json().encode(), "")
    store.put(LAYOUT.failure(in_parts) + "source.pdf", TEXT.encode(), "")
    store.delete(document.key)
    return in_parts


def test_a_document_that_gets_another_version_by_coming_back_is_told_of(store: HookedStore, strict: InProcessReplica) -> None:
    document = uploaded_in_parts(store, strict)
    (answer,) = retry(store)
    again = listed(store, document.key)
    assert answer.done
    assert f"restored as version {again.version}" in answer.words
    assert f"{LAYOUT.failure(document)} stays until you remove it" in answer.words
    strict.recogniser.faults.clear()
    assert strict.attempt(again) is End.DONE
    (answer,) = retry(store)
    assert (answer.done, names(store, "incoming/")) == (False, [])
    assert answer.words == f"was restored and read since, as version {again.version}: remove {LAYOUT.failure(document)}"


def test_a_log_that_was_pruned_does_not_keep_a_document_from_coming_back(
    store: HookedStore, strict: InProcessReplica, failed: Document
) -> None:
    for name in names(store, "claims/"):
        store.inner.delete("claims/" + name)
    by_the_command(store, failed)
    strict.recogniser.faults.clear()
    claim = strict.acquire(listed(store, failed.key))
    assert (claim.number, claim.entry.attempts) == (1, 1)
    claim.close(Outcome.GONE)
