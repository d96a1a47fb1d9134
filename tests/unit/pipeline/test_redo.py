"""Finished documents that are read anew, beside what stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from doubles.replica import LAYOUT, LEASE, InProcessReplica, drop, in_process_replica, manifest_of, names
from doubles.stores import HookedStore, once

from watcher.domain.claim import Entry, Outcome, Phase, Skip
from watcher.domain.document import Document
from watcher.domain.errors import DocumentError, ErrorCode
from watcher.domain.manifest import Source
from watcher.domain.page import EngineInfo
from watcher.domain.verification import Progress
from watcher.lease.acquire import Acquirer
from watcher.lease.appending import Appender, Creates
from watcher.lease.bids import Bids
from watcher.lease.log import ClaimLog
from watcher.pipeline.attempt import End
from watcher.pipeline.ending import how_ended
from watcher.pipeline.mirror import Mirror
from watcher.pipeline.redo import Redo
from watcher.pipeline.restore import Answer
from watcher.pipeline.sweep import Sweep
from watcher.pipeline.verify import Verifier
from watcher.storage.memory import Conditions, MemoryStore
from watcher.storage.port import OutcomeUnknownError, UnavailableError

TEXT = "one\nfigure"


@pytest.fixture
def other(store: HookedStore, tmp_path: Path) -> Iterator[InProcessReplica]:
    """With a better engine."""
    with in_process_replica("two", store, tmp_path / "two") as two:
        two.recogniser.state = replace(two.recogniser.state, info=EngineInfo(name="echo", version="2"))
        yield two


@pytest.fixture
def finished(store: HookedStore, replica: InProcessReplica) -> Document:
    document = drop(store, "folder/a.pdf", TEXT)
    assert replica.attempt(document) is End.DONE
    return document


def redo(store: HookedStore, replica: InProcessReplica, place: str = "folder/a.pdf", appender: Appender | None = None) -> Answer:
    (answer,) = Redo(store, LAYOUT, replace(replica.acquirer._identity, replica="a person"), appender or Creates()).run([place])
    return answer


def listed(store: HookedStore) -> Document:
    (info,) = store.list("incoming/")
    return LAYOUT.document(info.key, info.etag, info.size, info.modified)


def reading(document: Document, generation: int) -> Document:
    return replace(document, generation=generation)


def log_of(store: HookedStore, document: Document) -> list[Entry]:
    return ClaimLog(store, LAYOUT.claim_log(document)).entries(1000)


def results(store: HookedStore, document: Document, generation: int) -> dict[str, str]:
    prefix = LAYOUT.result(reading(document, generation))
    return {info.key: info.etag for info in store.inner.list(prefix)}


def test_a_document_is_read_anew_by_the_engine_of_today_and_what_stands_is_left_alone(
    store: HookedStore, replica: InProcessReplica, other: InProcessReplica, finished: Document
) -> None:
    before = results(store, finished, 1)
    answer = redo(store, replica)
    assert answer == Answer("folder/a.pdf", True, f"will be read anew, into processed/folder/a.pdf/{finished.version}-2/")
    assert other.attempt(listed(store)) is End.DONE
    assert other.recogniser.read == TEXT.splitlines()
    assert results(store, finished, 1) == before
    again = manifest_of(store, reading(finished, 2))
    assert (again.version, again.generation, again.engine.version, again.attempt) == (finished.version, 2, "2", 1)
    assert {name.rpartition("/")[2] for name in results(store, finished, 2)} >= {"manifest.json", "source.pdf", "document.md"}
    latest = json.loads(store.get("processed/folder/a.pdf/latest.json")[1])
    assert (latest["version"], latest["preview"]) == (finished.version, f"{finished.version}-2/preview.html")
    assert f"{finished.version}-2/preview.html" in store.get("processed/folder/a.pdf/index.html")[1].decode()
    assert names(store, "incoming/") == []
    assert log_of(store, finished)[-1].outcome is Outcome.DONE


def test_each_time_a_folder_of_its_own(store: HookedStore, replica: InProcessReplica, finished: Document) -> None:
    for generation in (2, 3, 4):
        assert redo(store, replica).done
        assert replica.attempt(listed(store)) is End.DONE
        assert manifest_of(store, reading(finished, generation)).generation == generation


@pytest.mark.parametrize(
    "place",
    [
        "incoming/folder/a.pdf",
        "processed/folder/a.pdf",
        "processed/folder/a.pdf/index.html",
        "processed/folder/a.pdf/{version}/document.md",
        "processed/folder/a.pdf/{version}-7",
    ],
)
def test_a_document_is_found_by_whatever_names_it(store: HookedStore, replica: InProcessReplica, finished: Document, place: str) -> None:
    assert redo(store, replica, place.format(version=finished.version)).done


def test_dropped_again_it_is_found_in_its_last_reading(store: HookedStore, replica: InProcessReplica, finished: Document) -> None:
    redo(store, replica)
    replica.attempt(listed(store))
    replica.recogniser.read.clear()
    assert replica.attempt(drop(store, "folder/a.pdf", TEXT)) is End.ALREADY_DONE
    assert replica.recogniser.read == []
    assert json.loads(store.get("processed/folder/a.pdf/latest.json")[1])["generation"] == 2


def test_a_reading_that_is_taken_over_stays_the_one_that_was_asked_for(
    store: HookedStore, replica: InProcessReplica, other: InProcessReplica, finished: Document
) -> None:
    redo(store, replica)
    replica.acquire(listed(store))
    source = Source(key=finished.key, etag=finished.etag, size=finished.size, dropped_at=finished.modified)
    assert isinstance(other.acquirer.acquire(LAYOUT.claim_log(finished), source), Skip)
    other.time.advance(LEASE)
    assert other.attempt(listed(store)) is End.DONE
    assert manifest_of(store, reading(finished, 2)).replica == "two"


def test_a_sweep_that_finds_the_original_not_yet_back_costs_the_redo_nothing(
    store: HookedStore, replica: InProcessReplica, finished: Document
) -> None:
    """It closes the log as gone between the announcement and the return of the original."""
    ends = []

    def sweep(verb: str, key: str) -> None:
        if (verb, key) == ("create", finished.key) and not ends:
            ends.append(None)
            (orphan,) = Sweep(store, LAYOUT).orphans()
            ends.append(replica.attempt(orphan))

    store.before.append(sweep)
    assert redo(store, replica).done
    assert ends[1:] == [End.GONE]
    assert replica.attempt(listed(store)) is End.DONE
    assert manifest_of(store, reading(finished, 2)).generation == 2


def test_whoever_sees_the_original_the_moment_it_is_back_reads_it_anew(
    store: HookedStore, replica: InProcessReplica, finished: Document
) -> None:
    """And does not take it for the finished document that was dropped again."""
    ends: list[End] = []
    store.after.append(lambda verb, key: ends.append(replica.attempt(listed(store))) if (verb, key) == ("create", finished.key) else None)
    assert redo(store, replica).done
    assert ends == [End.DONE]
    assert manifest_of(store, reading(finished, 2)).generation == 2


def test_a_redo_that_was_broken_off_is_taken_up_by_the_next(store: HookedStore, replica: InProcessReplica, finished: Document) -> None:
    store.before.append(once("create", finished.key, UnavailableError("down")))
    with pytest.raises(UnavailableError):
        redo(store, replica)
    assert names(store, "incoming/") == []
    assert redo(store, replica).done
    assert replica.attempt(listed(store)) is End.DONE
    assert [entry.generation for entry in log_of(store, finished)] == [1, 1, 2, 2, 2]


def test_of_two_at_once_one_is_first(store: HookedStore, replica: InProcessReplica, finished: Document) -> None:
    answers = []

    def interpose(verb: str, key: str) -> None:
        if verb == "create" and key.startswith("claims/") and not answers:
            answers.append(None)
            answers.append(redo(store, replica))

    store.before.append(interpose)
    assert "somebody else was first" in redo(store, replica).words
    assert answers[1].done
    assert replica.attempt(listed(store)) is End.DONE
    assert [entry.phase for entry in log_of(store, finished)].count(Phase.WAITING) == 1


def test_asking_twice_asks_once(store: HookedStore, replica: InProcessReplica, finished: Document) -> None:
    first, second = redo(store, replica), redo(store, replica)
    assert first == second
    assert log_of(store, finished)[-1].reason == "read_anew"
    assert replica.attempt(listed(store)) is End.DONE
    assert manifest_of(store, reading(finished, 2))
    assert names(store, "incoming/") == []


def test_a_replica_that_is_still_at_its_last_steps_is_waited_for(store: HookedStore, replica: InProcessReplica) -> None:
    answers = []

    def interpose(verb: str, key: str) -> None:
        if verb == "delete" and not answers:
            answers.append(redo(store, replica))

    store.before.append(interpose)
    replica.attempt(drop(store, "folder/a.pdf", TEXT))
    assert [(answer.done, answer.words) for answer in answers] == [(False, "a replica is at work on it: wait until it is finished")]


def test_a_new_file_under_the_name_goes_first(store: HookedStore, replica: InProcessReplica, finished: Document) -> None:
    drop(store, "folder/a.pdf", "another")
    answer = redo(store, replica)
    assert (answer.done, "another file stands in the inbox" in answer.words) == (False, True)
    assert len(log_of(store, finished)) == 2
    assert store.get(finished.key)[1] == b"another"


def test_of_several_versions_the_newest_is_read_anew(store: HookedStore, replica: InProcessReplica, finished: Document) -> None:
    newer = drop(store, "folder/a.pdf", "newer")
    newer = replace(newer, modified=finished.modified + timedelta(seconds=1))
    replica.attempt(newer)
    assert f"{newer.version}-2" in redo(store, replica).words
    assert listed(store).version == newer.version


def test_a_redo_that_fails_leaves_the_former_results_and_can_be_asked_for_again(
    store: HookedStore, replica: InProcessReplica, finished: Document
) -> None:
    redo(store, replica)
    replica.recogniser.faults["one"] = DocumentError(ErrorCode.CORRUPT_IMAGE)
    assert replica.attempt(listed(store)) is End.FAILED
    assert (LAYOUT.failure(finished) + "error.json") in {info.key for info in store.list("failed/")}
    ended = how_ended(store, LAYOUT, finished)
    assert ended is not None
    assert ended.reason.startswith("corrupt_image")
    assert manifest_of(store, finished)
    replica.recogniser.faults.clear()
    assert redo(store, replica).done
    assert replica.attempt(listed(store)) is End.DONE
    assert manifest_of(store, reading(finished, 2))
    assert names(store, "failed/") == []
    ended = how_ended(store, LAYOUT, finished)
    assert ended is not None
    assert ended.reason == ""


def test_a_log_that_was_pruned_goes_on_above_what_stands(store: HookedStore, replica: InProcessReplica, finished: Document) -> None:
    for generation in (2, 3):
        redo(store, replica)
        replica.attempt(listed(store))
        sweep = Sweep(store, LAYOUT)
        list(sweep.orphans())
        assert sweep.prune(replica.time.clock.now() + timedelta(days=31)) == 1
        assert names(store, "claims/") == []
        assert manifest_of(store, reading(finished, generation))
    assert redo(store, replica).done
    assert [(entry.phase, entry.generation) for entry in log_of(store, finished)] == [(Phase.WAITING, 4)]
    assert replica.attempt(listed(store)) is End.DONE
    assert manifest_of(store, reading(finished, 4))


def test_a_person_who_takes_the_original_back_cancels_the_redo(store: HookedStore, replica: InProcessReplica, finished: Document) -> None:
    redo(store, replica)
    store.delete(finished.key)
    (orphan,) = Sweep(store, LAYOUT).orphans()
    assert replica.attempt(orphan) is End.GONE
    assert manifest_of(store, finished)
    assert results(store, finished, 2) == {}
    assert list(Sweep(store, LAYOUT).orphans()) == []


def keeper_of(store: HookedStore, replica: InProcessReplica) -> InProcessReplica:
    keeper = replica.with_rules(retention="keep")
    acquirer = Acquirer(store, replica.acquirer._identity, replica.bench.rules.policy, keeps_source=True)
    return replace(keeper, acquirer=acquirer)


def test_a_document_that_is_kept_in_the_inbox_is_read_anew_from_there(store: HookedStore, replica: InProcessReplica) -> None:
    keeper = keeper_of(store, replica)
    document = drop(store, "folder/a.pdf", TEXT)
    assert keeper.attempt(document) is End.DONE
    assert LAYOUT.claim_log(document) in Sweep(store, LAYOUT).settled()
    answer = redo(store, keeper)
    assert answer.done
    assert "watch.sweep_seconds" in answer.words
    assert LAYOUT.claim_log(document) not in Sweep(store, LAYOUT).settled()
    assert keeper.attempt(document) is End.DONE
    assert manifest_of(store, reading(document, 2))
    assert names(store, "incoming/") == ["folder/a.pdf"]
    assert LAYOUT.claim_log(document) in Sweep(store, LAYOUT).settled()


def test_a_document_whose_original_was_not_kept_cannot_be_read_anew(store: HookedStore, replica: InProcessReplica) -> None:
    document = drop(store, "folder/a.pdf", TEXT)
    replica.with_rules(retention="delete").attempt(document)
    answer = redo(store, replica)
    assert (answer.done, answer.words) == (False, "its original stands nowhere in the bucket: drop it under another name")
    assert len(log_of(store, document)) == 2


def test_an_original_that_was_damaged_is_not_read(store: HookedStore, replica: InProcessReplica, finished: Document) -> None:
    store.inner.put(LAYOUT.result(finished) + "source.pdf", b"other", "")
    answer = redo(store, replica)
    assert (answer.done, "changed or damaged" in answer.words) == (False, True)
    assert names(store, "incoming/") == []


@pytest.mark.parametrize("place", ["folder/b.pdf", "folder", "", "x" * 5000, "processed/", "failed/folder/a.pdf"])
def test_what_names_no_finished_document_is_told(store: HookedStore, replica: InProcessReplica, finished: Document, place: str) -> None:
    answer = redo(store, replica, place)
    assert (answer.done, answer.words.startswith("no finished result stands under processed/")) == (False, True)


@pytest.mark.parametrize("key", ["incoming/" + "x" * 2000, "incoming/other.pdf", "claims/.bids"])
def test_a_manifest_that_names_another_document_is_not_followed(
    store: HookedStore, replica: InProcessReplica, finished: Document, key: str
) -> None:
    place = LAYOUT.result(finished) + "manifest.json"
    manifest = json.loads(store.get(place)[1])
    store.inner.put(place, json.dumps({**manifest, "source": {**manifest["source"], "key": key}}).encode(), "")
    before = names(store, "")
    assert "names another document" in redo(store, replica).words
    assert names(store, "") == before


def test_an_announcement_without_an_answer_restores_nothing(store: HookedStore, replica: InProcessReplica, finished: Document) -> None:
    def lose(verb: str, key: str) -> None:
        if verb == "create" and key.startswith("claims/"):
            raise OutcomeUnknownError("no answer")

    store.before.append(lose)
    answer = redo(store, replica)
    assert (answer.done, answer.words) == (False, "the store gave no usable answer: try again")
    assert names(store, "incoming/") == []


def test_a_file_that_was_uploaded_in_parts_is_read_anew_as_another_version(store: HookedStore, replica: InProcessReplica) -> None:
    """Its ETag was that of its parts: in one piece it has another, under which nobody has read it yet."""
    document = drop(store, "folder/a.pdf", TEXT)
    in_parts = LAYOUT.document(document.key, "0123456789abcdef-2", document.size, document.modified)
    replica.attempt(document)
    copy(store, LAYOUT.result(document), LAYOUT.result(in_parts), document, in_parts)
    for prefix in (LAYOUT.result(document), LAYOUT.claim_log(document)):
        for info in list(store.inner.list(prefix)):
            store.inner.delete(info.key)
    assert redo(store, replica).words == f"will be read anew, into {LAYOUT.result(document)}"
    assert replica.attempt(listed(store)) is End.DONE
    assert f"{document.version}-2" in redo(store, replica).words  # and from then on by generations
    assert replica.attempt(listed(store)) is End.DONE
    assert manifest_of(store, reading(document, 2))


def copy(store: HookedStore, old: str, new: str, document: Document, in_parts: Document) -> None:
    for info in list(store.inner.list(old)):
        body = store.inner.get(info.key)[1].replace(document.version.encode(), in_parts.version.encode())
        store.inner.put(new + info.key.removeprefix(old), body.replace(document.etag.encode(), in_parts.etag.encode(), 1), "")


def test_verification_and_the_local_copy_know_each_reading(
    store: HookedStore, replica: InProcessReplica, finished: Document, tmp_path: Path
) -> None:
    redo(store, replica)
    mirror = Mirror(tmp_path / "copy", 2**20, store, LAYOUT)
    replace(replica, bench=replace(replica.bench, mirror=mirror)).attempt(listed(store))
    assert (tmp_path / "copy" / LAYOUT.result(reading(finished, 2)) / "manifest.json").is_file()
    *_, last = Verifier(store, LAYOUT, replica.bench.log).check(Progress())
    assert (last.results, last.flawed) == (2, 0)


def test_by_bids_too(tmp_path: Path) -> None:
    store, bids = HookedStore(MemoryStore(conditions=Conditions.IGNORED)), Bids(lambda seconds: None)
    with in_process_replica("one", store, tmp_path) as one:
        replica = replace(one, acquirer=Acquirer(store, one.acquirer._identity, one.bench.rules.policy, keeps_source=False, appender=bids))
        document = drop(store, "folder/a.pdf", TEXT)
        replica.attempt(document)
        assert redo(store, replica, appender=bids).done
        assert replica.attempt(listed(store)) is End.DONE
        assert manifest_of(store, reading(document, 2))


@pytest.mark.parametrize("winner", [1, 2])
def test_a_bid_that_a_broken_off_redo_left_behind_is_not_forgotten(store: HookedStore, finished: Document, winner: int) -> None:
    log, prefix = ClaimLog(store, LAYOUT.claim_log(finished)), LAYOUT.claim_log(finished)
    closed = log_of(store, finished)[-1]
    for number, entry in enumerate((closed, closed.model_copy(update={"phase": Phase.WAITING, "generation": 2})), start=1):
        store.inner.put(f"{prefix}000003-{'a' if number == winner else 'b'}", entry.model_dump_json().encode(), "")
    tail = log.tail()
    assert tail is not None
    assert (log.read(tail.entries).generation, log.read(tail.entries).phase) == (2, Phase.WAITING)


@pytest.mark.parametrize("place", ["{path}", "processed/{path}", "processed/{path}/{version}/preview.html", "{name}", "incoming/{name}"])
def test_a_name_that_cannot_stand_in_the_bucket_is_given_as_it_was_or_as_it_stands(
    store: HookedStore, replica: InProcessReplica, place: str
) -> None:
    document = drop(store, "a\x1b.pdf", TEXT)
    assert document.path.startswith("~")
    replica.attempt(document)
    assert redo(store, replica, place.format(path=document.path, version=document.version, name="a\x1b.pdf")).done
