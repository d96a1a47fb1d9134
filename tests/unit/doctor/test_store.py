"""What the checks of the store find on stores whose behaviour is known."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.stores import HookedStore

from watcher.doctor.conditions import conditions, judge
from watcher.doctor.large import BYTES, large
from watcher.doctor.names import names
from watcher.doctor.reach import reach
from watcher.doctor.rights import rights
from watcher.doctor.versioning import versioning
from watcher.domain.doctor import Finding, Verdict
from watcher.domain.document import Layout
from watcher.lease.mode import Mode
from watcher.storage.memory import Conditions, MemoryStore
from watcher.storage.port import ObjectInfo, RefusedError, Store, StoreError, UnavailableError
from watcher.storage.probe import ClaimMode, ProbeResult
from watcher.storage.reasons import Reason

LAYOUT = Layout("incoming/", "claims/", "processed/", "failed/")
VERBS = {"list": "list", "read": "get", "write": "put", "delete": "delete"}


NUMBERS = itertools.count()


def nonce() -> str:
    return f"nonce-{next(NUMBERS):06d}"


def denying(*verbs: str, reason: Reason = Reason.NO_RIGHTS, versioned: bool = False) -> HookedStore:
    store = HookedStore(MemoryStore(versioned=versioned))

    def deny(verb: str, key: str) -> None:
        if verb in verbs:
            raise RefusedError("denied", reason)

    store.before.append(deny)
    return store


def reached(store: Store) -> Finding:
    return reach(lambda: store, "incoming/", iter([1.0, 1.25]).__next__, in_folder=False)


def test_a_store_that_answers_is_reached() -> None:
    assert reached(MemoryStore()) == Finding(Verdict.OK, "memory answers, in 250 ms.")


def test_whoever_may_not_list_is_known_all_the_same() -> None:
    assert reached(denying("list")).verdict is Verdict.OK


def test_a_wrong_secret_is_no_reach() -> None:
    finding = reached(denying("list", reason=Reason.WRONG_SECRET))
    assert finding.verdict is Verdict.FAILED
    assert "CLOUDRU_S3_SECRET_KEY" in finding.advice


def test_all_rights_leave_nothing() -> None:
    store = MemoryStore()
    assert rights(store, "claims/", nonce).verdict is Verdict.OK
    assert list(store.list("")) == []


@pytest.mark.parametrize("right", VERBS)
def test_a_right_that_is_lacking_is_named_and_nothing_stays(right: str) -> None:
    store = denying(VERBS[right])
    finding = rights(store, "failed/", nonce)
    assert finding.verdict is Verdict.FAILED
    assert finding.seen.startswith(f"May not {right} under failed/")
    assert f"{right} under failed/" in finding.advice
    assert "CLOUDRU_S3_ACCESS_KEY" in finding.advice
    assert list(store.inner.list("")) == []


def test_without_the_right_to_delete_nothing_is_ever_put_and_what_else_is_lacking_is_still_found() -> None:
    store = denying("delete", "get")
    assert rights(store, "failed/", nonce).seen.startswith("May not delete, read under failed/ (writing was not tried")
    assert "put" not in [verb for verb, _ in store.requests]


def test_without_any_right_all_that_can_be_known_is_told() -> None:
    assert rights(denying(*VERBS.values()), "failed/", nonce).seen.startswith("May not list, delete under failed/")


def test_a_document_of_others_that_may_not_be_read_is_a_lack_of_rights() -> None:
    store = denying("head", reason=Reason.REFUSED)
    assert rights(store, "incoming/", nonce).verdict is Verdict.OK
    store.inner.put("incoming/a.pdf", b"x", "application/pdf")
    assert rights(store, "incoming/", nonce).seen.startswith("May not read under incoming/")
    assert [info.key for info in store.inner.list("")] == ["incoming/a.pdf"]


@pytest.mark.parametrize("reason", [Reason.FOLDER_DENIED, Reason.FOLDER_READ_ONLY])
def test_a_folder_that_may_not_be_written_to_is_told_as_a_folder(reason: Reason) -> None:
    finding = rights(denying("put", reason=reason), "failed/", nonce)
    assert finding.verdict is Verdict.FAILED
    assert "policy" not in finding.advice


@pytest.mark.parametrize("verb", VERBS.values())
def test_an_outage_is_no_lack_of_rights(verb: str) -> None:
    store = HookedStore(MemoryStore())

    def fail(asked: str, key: str) -> None:
        if asked == verb:
            raise UnavailableError("down", Reason.NO_CONNECTION)

    store.before.append(fail)
    with pytest.raises(StoreError):
        rights(store, "failed/", nonce)


@pytest.mark.parametrize(
    ("kept", "verdict", "said"),
    [
        (Conditions.ATOMIC, Verdict.OK, "any number of replicas"),
        (Conditions.SEQUENTIAL, Verdict.WARNING, "claim by bids"),
        (Conditions.IGNORED, Verdict.WARNING, "overwrite a result"),
    ],
)
def test_what_is_kept_of_conditions_is_told_with_what_it_means(kept: Conditions, verdict: Verdict, said: str) -> None:
    store = MemoryStore(conditions=kept)
    finding = conditions(store, LAYOUT, nonce)
    assert finding.verdict is verdict
    assert said in finding.seen
    assert list(store.list("")) == [], "nobody is asked for bids by a check"


def test_a_store_that_lists_late_is_for_one_replica_only() -> None:
    class Late(MemoryStore):
        def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
            return iter(())

    finding = conditions(Late(conditions=Conditions.IGNORED), LAYOUT, nonce)
    assert finding.verdict is Verdict.WARNING
    assert "Run one replica only" in finding.advice


def test_bids_that_a_replica_asked_for_are_told() -> None:
    store = MemoryStore()
    store.put("claims/.bids", b"{}", "application/json")
    finding = conditions(store, LAYOUT, nonce)
    assert finding.verdict is Verdict.WARNING
    assert "claims/.bids stands" in finding.seen
    assert [info.key for info in store.list("")] == ["claims/.bids"]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("verdict", ClaimMode)
def test_every_mode_is_told_in_full_sentences(mode: Mode, verdict: ClaimMode) -> None:
    finding = judge(mode, ProbeResult(verdict, "detail"), "claims/.bids")
    assert "detail" in finding.seen
    assert (finding.verdict is Verdict.OK) is (mode is Mode.CONDITIONAL)


def test_names_that_come_back_as_they_were() -> None:
    store = MemoryStore()
    assert names(store, "incoming/", nonce).verdict is Verdict.OK
    assert list(store.list("")) == []


class Changing(MemoryStore):
    """Stores under a changed name, as broken proxies and gateways do."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__()
        self.changed = lambda key: key.replace(old, new)

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        return super().put(self.changed(key), body, content_type)

    def delete(self, key: str) -> None:
        super().delete(self.changed(key))


@pytest.mark.parametrize(("old", "new"), [("+", " "), ("%", "%25"), ("Счёт", "????"), (" ", "")])
def test_a_store_that_changes_names_is_found_out(old: str, new: str) -> None:
    store = Changing(old, new)
    finding = names(store, "incoming/", nonce)
    assert finding.verdict is Verdict.FAILED
    assert "listed" in finding.seen
    assert list(store.list("")) == []


def test_a_name_that_is_listed_but_not_found_is_told() -> None:
    class Lost(MemoryStore):
        def get(self, key: str) -> tuple[ObjectInfo, bytes]:
            return super().get(key + "?")

    assert "cannot be read back" in names(Lost(), "incoming/", nonce).seen


def test_a_name_that_is_not_deleted_is_told() -> None:
    class Stubborn(MemoryStore):
        def delete(self, key: str) -> None:
            pass

    assert "cannot be deleted" in names(Stubborn(), "incoming/", nonce).seen


def replaced(store: Store, *, keeps_source: bool = False) -> Finding:
    return versioning(store, "incoming/", "claims/", nonce, keeps_source=keeps_source, in_folder=False)


@pytest.mark.parametrize(
    ("store", "keeps_source", "verdict", "said"),
    [
        (MemoryStore(versioned=True), False, Verdict.OK, "never lost"),
        (MemoryStore(), True, Verdict.OK, "stay in the inbox"),
        (MemoryStore(honours_delete_conditions=True), False, Verdict.OK, "is not deleted"),
        (MemoryStore(), False, Verdict.WARNING, "is lost"),
    ],
)
def test_what_versions_mean_for_replaced_files(store: MemoryStore, keeps_source: bool, verdict: Verdict, said: str) -> None:
    finding = replaced(store, keeps_source=keeps_source)
    assert finding.verdict is verdict
    assert said in finding.seen
    assert list(store.list("")) == []


def test_versions_that_may_not_be_deleted_are_a_fault() -> None:
    finding = replaced(denying("delete_version", versioned=True))
    assert finding.verdict is Verdict.FAILED
    assert "DeleteObjectVersion" in finding.advice


def test_a_large_object_passes_and_is_removed() -> None:
    store = MemoryStore()
    finding = large(store, "processed/", nonce, iter([0.0, 2.0, 2.01]).__next__)
    assert finding.seen == "8 MiB were written in 2.0 s and read in less than 0.1 s."
    assert list(store.list("")) == []


def test_a_large_object_that_comes_back_cut_is_told() -> None:
    class Cutting(MemoryStore):
        def get(self, key: str) -> tuple[ObjectInfo, bytes]:
            info, body = super().get(key)
            return info, body[: BYTES // 2]

    assert large(Cutting(), "processed/", nonce, lambda: 0.0).verdict is Verdict.FAILED
