"""The checks of `watcher doctor` on real stores, with rights that are really taken away; and the policy that it prints, on a real server."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from servers.canned import reply
from servers.ceph import CephServer
from servers.proxy import run_proxy
from servers.s3_server import S3Server

from watcher.doctor.conditions import conditions
from watcher.doctor.large import large
from watcher.doctor.names import names
from watcher.doctor.policy import bucket_policy
from watcher.doctor.reach import reach
from watcher.doctor.rights import rights
from watcher.doctor.scratch import ScratchStore
from watcher.doctor.versioning import versioning
from watcher.domain.doctor import Finding, Verdict
from watcher.domain.document import Layout
from watcher.storage.port import Store, StoreError
from watcher.storage.s3 import S3Config, S3Store

LAYOUT = Layout("incoming/", "claims/", "processed/", "failed/")
PREFIXES = (LAYOUT.incoming, LAYOUT.claims, LAYOUT.processed, LAYOUT.failed)


def nonce() -> str:
    return uuid.uuid4().hex


def replaced(store: Store) -> Finding:
    return versioning(store, LAYOUT.incoming, LAYOUT.claims, nonce, keeps_source=False, in_folder=False)


CHECKS: dict[str, Callable[[Store], Finding]] = {
    "store": lambda store: reach(lambda: store, LAYOUT.incoming, lambda: 0.0, in_folder=False),
    **{f"rights under {prefix}": (lambda store, prefix=prefix: rights(store, prefix, nonce)) for prefix in PREFIXES},
    "conditions": lambda store: conditions(store, LAYOUT, nonce),
    "names": lambda store: names(store, LAYOUT.incoming, nonce),
    "large": lambda store: large(store, LAYOUT.processed, nonce, lambda: 0.0),
}


@pytest.mark.parametrize("check", CHECKS)
def test_all_is_well_on_every_store_under_contract_and_nothing_stays(store: Store, check: str) -> None:
    scratch = ScratchStore(store)
    assert CHECKS[check](scratch).verdict is Verdict.OK
    assert [info.key for info in store.list("")] == []
    assert scratch.clear(0.0) == ()


def test_a_store_that_may_delete_a_replacement_is_told(request: pytest.FixtureRequest, store: Store) -> None:
    """Ceph 16.2 ignores the condition of a DELETE, and so does the memory store."""
    careful = {"folder": Verdict.OK, "moto": Verdict.OK, "ceph": Verdict.WARNING, "memory": Verdict.WARNING}
    assert replaced(store).verdict is careful[request.node.callspec.params["store"]]
    assert list(store.list("")) == []


def test_a_bucket_that_keeps_versions_is_told_and_no_version_stays(versioned_store: Store) -> None:
    scratch = ScratchStore(versioned_store)
    assert replaced(scratch).verdict is Verdict.OK
    assert all(rights(scratch, prefix, nonce).verdict is Verdict.OK for prefix in PREFIXES)
    names(scratch, LAYOUT.incoming, nonce)
    conditions(scratch, LAYOUT, nonce)
    assert scratch.clear(0.0) == ()
    assert list(versioned_store.list("")) == []


def test_no_version_and_no_marker_stays_on_a_real_server(ceph: CephServer) -> None:
    config = ceph.new_bucket(versioned=True)
    for check in (*CHECKS.values(), replaced):
        check(S3Store(config))
    listed = ceph.client.list_object_versions(Bucket=config.bucket)
    assert (listed.get("Versions", []), listed.get("DeleteMarkers", [])) == ([], [])


def test_a_versioned_bucket_of_ceph_is_told_to_ignore_conditions(ceph: CephServer) -> None:
    finding = conditions(S3Store(ceph.new_bucket(versioned=True)), LAYOUT, nonce)
    assert finding.verdict is Verdict.WARNING
    assert "overwrite a result" in finding.seen


def test_a_store_that_lets_several_racers_win_is_told(swift: S3Server) -> None:
    """Swift 2.38: nine races in ten are torn, and one of five is enough."""
    store = S3Store(swift.new_bucket())
    finding = conditions(store, LAYOUT, nonce)
    assert finding.verdict is Verdict.WARNING
    assert "claim by bids" in finding.seen
    assert rights(store, LAYOUT.failed, nonce).verdict is Verdict.OK
    assert names(store, LAYOUT.incoming, nonce).verdict is Verdict.OK
    assert list(store.list("")) == []


ACTIONS = {"list": "s3:ListBucket", "read": "s3:GetObject", "write": "s3:PutObject", "delete": "s3:DeleteObject"}


@dataclass(frozen=True)
class Guest:
    """A user of the server who owns nothing, and may do in somebody's bucket what its policy says."""

    owner: CephServer
    user: CephServer
    config: S3Config

    def may(self, policy: dict[str, object]) -> None:
        self.owner.client.put_bucket_policy(Bucket=self.config.bucket, Policy=json.dumps(policy))

    @property
    def store(self) -> S3Store:
        return S3Store(replace(self.config, access_key=self.user.access_key, secret_key=self.user.secret_key))

    @property
    def policy(self) -> dict[str, object]:
        return bucket_policy(self.config.bucket, LAYOUT, f"arn:aws:iam:::user/{self.user.uid}")


@pytest.fixture(scope="module")
def people(ceph: CephServer) -> tuple[CephServer, CephServer]:
    return ceph.new_user(), ceph.new_user()


@pytest.fixture
def guest(people: tuple[CephServer, CephServer]) -> Guest:
    owner, user = people
    return Guest(owner, user, owner.new_bucket())


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("right", ["read", "write", "delete"])
def test_a_right_that_was_taken_away_is_named(guest: Guest, prefix: str, right: str) -> None:
    policy = guest.policy
    place = f"arn:aws:s3:::{guest.config.bucket}/{prefix}*"
    denial = {"Effect": "Deny", "Principal": "*", "Action": [ACTIONS[right]], "Resource": [place]}
    guest.may({**policy, "Statement": [*policy["Statement"], denial]})
    store = guest.store
    findings = {each: rights(store, each, nonce) for each in PREFIXES}
    assert findings[prefix].verdict is Verdict.FAILED
    assert findings[prefix].seen.startswith(f"May not {right} under {prefix}")
    assert [each for each, finding in findings.items() if finding.verdict is not Verdict.OK] == [prefix]
    assert guest.owner.client.list_objects_v2(Bucket=guest.config.bucket)["KeyCount"] == 0


def test_the_right_to_list_that_was_taken_away_is_named(guest: Guest) -> None:
    policy = guest.policy
    denial = {"Effect": "Deny", "Principal": "*", "Action": ["s3:ListBucket"], "Resource": [f"arn:aws:s3:::{guest.config.bucket}"]}
    guest.may({**policy, "Statement": [*policy["Statement"], denial]})
    assert CHECKS["store"](guest.store).verdict is Verdict.OK
    assert rights(guest.store, LAYOUT.incoming, nonce).seen.startswith("May not list under incoming/")


def test_what_others_put_must_be_readable_too(guest: Guest) -> None:
    """The owner of an object may read it on Ceph, whatever the bucket's policy leaves out."""
    guest.may(json.loads(json.dumps(guest.policy).replace('"s3:GetObject"', '"s3:GetObjectAcl"')))
    assert rights(guest.store, LAYOUT.incoming, nonce).verdict is Verdict.OK
    S3Store(guest.config).put("incoming/a.pdf", b"dropped by somebody else", "application/pdf")
    assert rights(guest.store, LAYOUT.incoming, nonce).seen.startswith("May not read under incoming/")


def test_without_a_policy_a_guest_may_nothing(guest: Guest) -> None:
    assert rights(guest.store, LAYOUT.incoming, nonce).verdict is Verdict.FAILED


def well(store: Store) -> bool:
    """Whether no check finds a fault; warnings are the store's own."""
    try:
        return all(check(store).verdict is not Verdict.FAILED for check in (*CHECKS.values(), replaced))
    except StoreError:
        return False


@pytest.mark.parametrize("versioned", [False, True])
def test_the_policy_that_is_printed_suffices_for_all_checks(guest: Guest, versioned: bool) -> None:
    if versioned:
        guest.owner.client.put_bucket_versioning(Bucket=guest.config.bucket, VersioningConfiguration={"Status": "Enabled"})
    guest.may(guest.policy)
    assert well(guest.store)


@pytest.mark.parametrize(
    "action", ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]
)
def test_with_less_than_the_policy_something_fails(guest: Guest, action: str) -> None:
    guest.owner.client.put_bucket_versioning(Bucket=guest.config.bucket, VersioningConfiguration={"Status": "Enabled"})
    S3Store(guest.config).put("incoming/a.pdf", b"dropped by somebody else", "application/pdf")
    guest.may(json.loads(json.dumps(guest.policy).replace(f'"{action}"', '"s3:GetObjectAcl"')))
    assert not well(guest.store)


def test_results_may_not_be_deleted_by_whom_the_policy_is_for(guest: Guest) -> None:
    guest.may(guest.policy)
    guest.store.put("processed/a.pdf/0123456789ab/manifest.json", b"{}", "application/json")
    with pytest.raises(StoreError, match="no rights"):
        guest.store.delete("processed/a.pdf/0123456789ab/manifest.json")


def test_a_proxy_that_takes_no_large_bodies_is_told(ceph: CephServer, tmp_path: Path) -> None:
    with run_proxy("narrow", ceph.endpoint, lambda exchange: None, 1) as proxy:
        store = S3Store(replace(ceph.new_bucket(), endpoint=proxy.endpoint))
        proxy.answer = reply(413, "<html>Request Entity Too Large</html>", Content_Type="text/html")
        with pytest.raises(StoreError, match="larger than the store takes"):
            large(store, LAYOUT.processed, nonce, lambda: 0.0)
