"""What a person reads when a real S3 server refuses us."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import botocore.auth
import pytest
from servers.s3_server import S3Server

from watcher.storage.port import RefusedError, StoreError, UnavailableError
from watcher.storage.probe import probe_conditions, probe_delete_condition
from watcher.storage.s3 import S3Store

CALLS: dict[str, Callable[[S3Store], object]] = {
    "list": lambda store: list(store.list("in/")),
    "head": lambda store: store.head("in/a"),
    "get": lambda store: store.get("in/a"),
    "create": lambda store: store.create("in/a", b"x", "text/plain"),
    "put": lambda store: store.put("in/a", b"x", "text/plain"),
    "delete": lambda store: store.delete("in/a"),
    "is_versioned": lambda store: store.is_versioned(),
    "versions": lambda store: store.versions("in/a"),
    "probe": lambda store: probe_conditions(store, "claims/.probe/", lambda: "nonce", racers=4),
    "probe deletes": lambda store: probe_delete_condition(store, "claims/.probe/", lambda: "nonce"),
}


@pytest.fixture(params=CALLS)
def call(request: pytest.FixtureRequest) -> Callable[[S3Store], object]:
    return CALLS[request.param]


def refusal(call: Callable[[S3Store], object], store: S3Store) -> str:
    with pytest.raises(StoreError) as raised:
        call(store)
    assert isinstance(raised.value, RefusedError)
    return str(raised.value)


def test_a_wrong_secret_names_its_variable(ceph: S3Server, call: Callable[[S3Store], object]) -> None:
    store = S3Store(replace(ceph.new_bucket(), secret_key="wr0ng"))
    told = refusal(call, store)
    assert "CLOUDRU_S3_SECRET_KEY" in told
    assert "wr0ng" not in told


def test_an_unknown_access_key_names_its_variable(ceph: S3Server, call: Callable[[S3Store], object]) -> None:
    assert "CLOUDRU_S3_ACCESS_KEY" in refusal(call, S3Store(replace(ceph.new_bucket(), access_key="tenant:other")))


@pytest.mark.parametrize("server", ["ceph", "moto_server"])
def test_a_missing_bucket_names_its_variable(request: pytest.FixtureRequest, server: str, call: Callable[[S3Store], object]) -> None:
    store = S3Store(request.getfixturevalue(server).config("no-such-bucket"))
    told = refusal(call, store)
    assert "no-such-bucket" in told
    assert "CLOUDRU_S3_BUCKET" in told


def test_a_wrong_clock_is_named(ceph: S3Server, call: Callable[[S3Store], object], monkeypatch: pytest.MonkeyPatch) -> None:
    store = S3Store(ceph.new_bucket())
    real = botocore.auth.get_current_datetime

    def an_hour_ago(*args: object) -> datetime:
        return real(*args) - timedelta(hours=1)

    monkeypatch.setattr(botocore.auth, "get_current_datetime", an_hour_ago)
    assert "clock" in refusal(call, store)


def test_an_access_key_with_a_colon_is_signed_rightly(ceph: S3Server) -> None:
    assert ":" in ceph.access_key
    store = S3Store(ceph.new_bucket())
    store.create("in/a", b"x", "text/plain")
    assert store.get("in/a")[1] == b"x"


def test_a_server_that_went_away_is_an_outage(ceph: S3Server, call: Callable[[S3Store], object]) -> None:
    store = S3Store(replace(ceph.new_bucket(), endpoint="http://127.0.0.1:1", attempts=1))
    with pytest.raises(UnavailableError, match="cannot connect"):
        call(store)
