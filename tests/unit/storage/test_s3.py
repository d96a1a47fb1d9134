"""What the S3 store makes of a server's answers, and how often it asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from servers.canned import NO_ANSWER, SILENCE, reply, run_canned
from servers.s3_server import free_port

from watcher import __version__
from watcher.storage.port import (
    AlreadyExistsError,
    ConditionUnsupportedError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    StoreError,
    TooLargeError,
    UnavailableError,
    UnstorableKeyError,
)
from watcher.storage.reasons import REASONS, Reason
from watcher.storage.s3 import S3Config, S3Store
from watcher.storage.s3_errors import WebPageError

SECRET = "f0rb1dden/s3cret+text"
BODY = {"ETag": '"0123"', "Last_Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
PAGE = "<html><head><title>Log in</title></head><body>to the network</body></html>"
LISTING = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


def config(endpoint: str, attempts: int = 1, read_timeout: float = 10) -> S3Config:
    return S3Config(
        endpoint=endpoint,
        bucket="bucket",
        access_key="tenant:key",
        secret_key=SECRET,
        region="ru-central-1",
        connect_timeout=5,
        read_timeout=read_timeout,
        attempts=attempts,
        pool_size=32,
    )


def create(store: S3Store) -> object:
    return store.create("claims/a", b"x", "text/plain")


def put(store: S3Store) -> object:
    return store.put("claims/a", b"x", "text/plain")


def get(store: S3Store) -> object:
    return store.get("in/a")


def delete(store: S3Store) -> object:
    return store.delete("in/a")


def delete_matching(store: S3Store) -> object:
    return store.delete_matching("in/a", "0123")


def listing(store: S3Store) -> object:
    return list(store.list("in/"))


def head(store: S3Store) -> object:
    return store.head("in/a")


Call = Callable[[S3Store], object]


@pytest.mark.parametrize(
    ("call", "answer", "error"),
    [
        (create, reply(412, code="PreconditionFailed"), AlreadyExistsError),
        (create, reply(409, code="ConditionalRequestConflict"), AlreadyExistsError),
        (create, reply(500, code="InternalError"), OutcomeUnknownError),
        (create, reply(503, code="SlowDown"), OutcomeUnknownError),
        (create, reply(429, code="TooManyRequests"), OutcomeUnknownError),
        (create, reply(400, code="RequestTimeout"), OutcomeUnknownError),
        (create, reply(502, "<html>a proxy's page</html>"), OutcomeUnknownError),
        (create, NO_ANSWER, OutcomeUnknownError),
        (create, reply(501, code="NotImplemented"), ConditionUnsupportedError),
        (create, reply(403, code="QuotaExceeded"), UnavailableError),
        (create, reply(400, code="KeyTooLongError"), UnstorableKeyError),
        (create, reply(403, code="AccessDenied"), RefusedError),
        (create, reply(404, code="NoSuchBucket"), RefusedError),
        (delete, reply(500, code="InternalError"), OutcomeUnknownError),
        (delete, reply(503, code="SlowDown"), OutcomeUnknownError),
        (delete, reply(409, code="OperationAborted"), OutcomeUnknownError),
        (delete, NO_ANSWER, OutcomeUnknownError),
        (delete_matching, reply(412, code="PreconditionFailed"), AlreadyExistsError),
        (delete_matching, reply(501, code="NotImplemented"), ConditionUnsupportedError),
        (delete_matching, NO_ANSWER, OutcomeUnknownError),
        (put, reply(500, code="InternalError"), UnavailableError),
        (put, reply(503, code="SlowDown"), UnavailableError),
        (put, reply(409, code="OperationAborted"), UnavailableError),
        (put, NO_ANSWER, UnavailableError),
        (get, reply(404, code="NoSuchKey"), NotFoundError),
        (get, reply(404, code="NoSuchBucket"), RefusedError),
        (get, reply(500, code="InternalError"), UnavailableError),
        (get, NO_ANSWER, UnavailableError),
        (listing, reply(404, code="NoSuchBucket"), RefusedError),
        (listing, reply(503, code="SlowDown"), UnavailableError),
        (listing, reply(200, "<ListBucketResult><Cont"), UnavailableError),
    ],
)
def test_answers_become_the_ports_errors(call: Call, answer: bytes, error: type[StoreError]) -> None:
    with run_canned(answer) as server, pytest.raises(StoreError) as raised:
        call(S3Store(config(server.endpoint)))
    assert type(raised.value) is error
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("InvalidAccessKeyId", 403, ["CLOUDRU_S3_ACCESS_KEY", "tenant_id:key_id"]),
        ("SignatureDoesNotMatch", 403, ["CLOUDRU_S3_SECRET_KEY"]),
        ("AccessDenied", 403, ["rights", "CLOUDRU_S3_BUCKET", "bucket bucket"]),
        ("RequestTimeTooSkewed", 403, ["clock"]),
        ("NoSuchBucket", 404, ["CLOUDRU_S3_BUCKET", "CLOUDRU_S3_ENDPOINT"]),
        ("InvalidBucketName", 400, ["CLOUDRU_S3_BUCKET"]),
        ("AuthorizationHeaderMalformed", 400, ["WATCHER_STORAGE__REGION", "ru-central-1"]),
        ("SomethingNew", 403, ["CLOUDRU_S3_SECRET_KEY", "clock", "SomethingNew"]),
        ("EntityTooLarge", 400, ["larger than the store takes in one request", "EntityTooLarge"]),
        ("", 413, ["larger than the store takes in one request", "413"]),
        ("PermanentRedirect", 301, ["CLOUDRU_S3_ENDPOINT", "WATCHER_STORAGE__REGION"]),
        ("TemporaryRedirect", 307, ["CLOUDRU_S3_ENDPOINT"]),
        ("", 302, ["CLOUDRU_S3_ENDPOINT"]),
        ("SomethingElse", 400, ["CLOUDRU_S3_ENDPOINT", "CLOUDRU_S3_BUCKET", "WATCHER_STORAGE__REGION", "400 SomethingElse"]),
    ],
)
@pytest.mark.parametrize("call", [create, listing])
def test_refusals_name_the_setting_to_mend(call: Call, code: str, status: int, words: list[str]) -> None:
    with run_canned(reply(status, code=code)) as server, pytest.raises(RefusedError) as raised:
        call(S3Store(config(server.endpoint)))
    assert len(server.requests) == 1  # the SDK follows redirects without end unless it is told not to
    assert [word for word in [*words, server.endpoint] if word not in str(raised.value)] == []


@pytest.mark.parametrize("call", [create, put, get, delete, listing])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(403, code="QuotaExceeded"), Reason.STORE_FULL),
        (reply(507), Reason.STORE_FULL),
        (reply(503, code="SlowDown"), Reason.THROTTLED),
        (reply(429), Reason.THROTTLED),
        (reply(503), Reason.STORE_FAILING),
        (reply(500, code="InternalError"), Reason.STORE_FAILING),
        (reply(400, code="RequestTimeout"), Reason.NO_ANSWER),
        (SILENCE, Reason.NO_ANSWER),
        (NO_ANSWER, Reason.BROKEN_ANSWER),
        (reply(403, PAGE, Content_Type="text/html; charset=utf-8"), Reason.NOT_S3),
        (reply(404, PAGE, Content_Type="text/html"), Reason.NOT_S3),
        (reply(502, PAGE, Content_Type="text/html"), Reason.NOT_S3),
    ],
)
def test_the_cause_is_told_in_one_word(call: Call, answer: bytes, reason: Reason) -> None:
    with run_canned(answer) as server, pytest.raises(StoreError) as raised:
        call(S3Store(config(server.endpoint, read_timeout=0.3)))
    assert raised.value.reason is reason
    assert str(raised.value.args[0]).find(REASONS[reason].sentence) >= 0


@pytest.mark.parametrize("call", [listing, S3Store.is_versioned])
def test_a_web_page_is_never_taken_for_an_answer(call: Call) -> None:
    """Well-formed XML as it is, the SDK would call it an empty listing."""
    with run_canned(reply(200, PAGE, Content_Type="text/html")) as server, pytest.raises(StoreError) as raised:
        call(S3Store(config(server.endpoint)))
    assert raised.value.reason is Reason.NOT_S3


@pytest.mark.parametrize(
    "answer",
    [
        reply(200),
        reply(200, PAGE),
        reply(200, "<other/>"),
        reply(200, PAGE, Content_Type="Text/HTML"),
        reply(200, PAGE, Content_Type="application/xhtml+xml"),
    ],
)
@pytest.mark.parametrize(
    "ask", [listing, lambda store: list(store._patient.get_paginator("list_object_versions").paginate(Bucket="bucket"))]
)
def test_what_tells_of_no_listing_is_not_an_empty_one(answer: bytes, ask: Call) -> None:
    """An inbox would pass for empty, and a claim log for one that nobody has begun."""
    with run_canned(answer) as server, pytest.raises((StoreError, WebPageError)) as raised:
        ask(S3Store(config(server.endpoint)))
    assert isinstance(raised.value, WebPageError) or raised.value.reason is Reason.NOT_S3


@pytest.mark.parametrize("call", [create, put])
def test_a_web_page_says_nothing_about_what_was_written(call: Call) -> None:
    with run_canned(reply(200, PAGE, Content_Type="text/html")) as server, pytest.raises((OutcomeUnknownError, UnavailableError)):
        call(S3Store(config(server.endpoint)))


def test_a_document_that_is_a_web_page_is_a_document() -> None:
    with run_canned(reply(200, PAGE, Content_Type="text/html", **BODY)) as server:
        assert get(S3Store(config(server.endpoint)))[1] == PAGE.encode()  # type: ignore[index]


def test_a_name_that_no_dns_knows_is_told_apart_from_a_port_that_is_closed() -> None:
    with pytest.raises(UnavailableError) as unknown:
        get(S3Store(config("http://store.invalid")))
    with pytest.raises(UnavailableError) as closed:
        get(S3Store(config(f"http://127.0.0.1:{free_port()}")))
    assert (unknown.value.reason, closed.value.reason) == (Reason.NAME_NOT_RESOLVED, Reason.NO_CONNECTION)


@pytest.mark.parametrize("call", [create, get])
def test_a_store_that_speaks_no_tls_is_told_as_such(call: Call) -> None:
    with run_canned(b"HTTP/1.1 400 plain\r\n\r\n") as server, pytest.raises(StoreError) as raised:
        call(S3Store(config(server.endpoint.replace("http://", "https://"))))
    assert raised.value.reason is Reason.NO_SECURE_CONNECTION


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(UnavailableError, match="HTTP_PROXY") as raised:
        get(S3Store(config("http://store.invalid")))
    assert raised.value.reason is Reason.PROXY_REFUSES


@pytest.mark.parametrize("call", [create, delete, delete_matching])
@pytest.mark.parametrize("answer", [reply(500, code="InternalError"), reply(503, code="SlowDown"), NO_ANSWER])
def test_creates_and_deletes_are_sent_once(call: Call, answer: bytes) -> None:
    with run_canned(answer, reply(200, **BODY)) as server:
        with pytest.raises(OutcomeUnknownError):
            call(S3Store(config(server.endpoint, attempts=5)))
        assert len(server.requests) == 1


@pytest.mark.parametrize("call", [put, get, head])
@pytest.mark.parametrize("answer", [reply(500, code="InternalError"), NO_ANSWER])
def test_reads_and_plain_puts_are_repeated(call: Call, answer: bytes) -> None:
    with run_canned(answer, reply(200, **BODY)) as server:
        call(S3Store(config(server.endpoint, attempts=2)))
        assert len(server.requests) == 2


@pytest.mark.parametrize("call", [create, put, get, delete, delete_matching, listing, head])
def test_a_server_that_is_not_there_got_no_request(call: Call) -> None:
    with pytest.raises(UnavailableError, match=r"cannot connect.*CLOUDRU_S3_ENDPOINT"):
        call(S3Store(config(f"http://127.0.0.1:{free_port()}")))


@pytest.mark.parametrize(("size", "asks"), [(0, False), (1 << 20, False), ((1 << 20) + 1, True)])
def test_only_a_large_file_is_announced_before_it_is_sent(tmp_path: Path, size: int, asks: bool) -> None:
    """Else each result would cost a round trip more."""
    file = tmp_path / "file"
    file.write_bytes(b"x" * size)
    with run_canned(reply(200, **BODY)) as server:
        S3Store(config(server.endpoint)).put("a", file, "text/plain")
    (request,) = server.requests
    assert ("expect: 100-continue" in request.lower()) is asks
    assert f"content-length: {size}" in request.lower().splitlines()


@pytest.mark.parametrize(("call", "error"), [(create, OutcomeUnknownError), (delete, OutcomeUnknownError), (get, UnavailableError)])
def test_a_request_is_not_waited_for_without_end(call: Call, error: type[StoreError]) -> None:
    with run_canned(SILENCE) as server, pytest.raises(error):
        call(S3Store(config(server.endpoint, read_timeout=0.2)))


@pytest.mark.parametrize(("call", "error"), [(create, OutcomeUnknownError), (put, UnavailableError), (get, UnavailableError)])
def test_an_answer_without_an_etag_is_no_answer(call: Call, error: type[StoreError]) -> None:
    with run_canned(reply(200)) as server, pytest.raises(error, match="ETag"):
        call(S3Store(config(server.endpoint)))


@pytest.mark.parametrize("status", [200, 404, 412, 503])
@pytest.mark.parametrize(
    ("call", "error"),
    [
        (create, OutcomeUnknownError),
        (delete, OutcomeUnknownError),
        (put, UnavailableError),
        (get, UnavailableError),
        (listing, UnavailableError),
    ],
)
def test_an_answer_that_breaks_off_is_no_answer(call: Call, error: type[StoreError], status: int) -> None:
    broken_off = reply(status, "ff\r\n<Error><Co", Transfer_Encoding="chunked", **BODY)
    with run_canned(broken_off) as server, pytest.raises(error, match="no usable answer"):
        call(S3Store(config(server.endpoint)))


@pytest.mark.parametrize("received", ["", "half"])
def test_a_short_body_is_an_outage_not_a_short_document(tmp_path: Path, received: str) -> None:
    with run_canned(reply(200, received, length=8, **BODY)) as server:
        store = S3Store(config(server.endpoint))
        with pytest.raises(UnavailableError):
            store.get("in/a")
        with pytest.raises(UnavailableError):
            store.download("in/a", tmp_path / "target", 100)


def test_a_small_object_that_is_huge_is_not_read_into_memory() -> None:
    with run_canned(reply(200, "x", length=1 << 40, **BODY)) as server, pytest.raises(TooLargeError):
        get(S3Store(config(server.endpoint)))


def test_a_body_over_the_limit_is_not_even_begun(tmp_path: Path) -> None:
    with run_canned(reply(200, "x" * 101, **BODY)) as server, pytest.raises(TooLargeError, match="101 bytes"):
        S3Store(config(server.endpoint)).download("in/a", tmp_path / "target", 100)
    assert (tmp_path / "target").read_bytes() == b""


@pytest.mark.parametrize(
    ("why", "error", "words"),
    [
        (reply(404, code="NoSuchBucket"), RefusedError, "CLOUDRU_S3_BUCKET"),
        (reply(403, code="SignatureDoesNotMatch"), RefusedError, "CLOUDRU_S3_SECRET_KEY"),
        (reply(500, code="InternalError"), UnavailableError, "InternalError"),
        (reply(200, LISTING), NotFoundError, "in/a"),
    ],
)
def test_a_head_that_fails_without_a_reason_asks_for_it(why: bytes, error: type[StoreError], words: str) -> None:
    with run_canned(reply(404), why) as server, pytest.raises(error, match=words):
        head(S3Store(config(server.endpoint)))


@pytest.mark.parametrize(
    ("answer", "versioned"),
    [
        (reply(200, "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"), True),
        (reply(200, "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"), False),
        (reply(200, "<VersioningConfiguration/>"), False),
        (reply(501, code="NotImplemented"), False),
        (reply(403, code="AccessDenied"), False),
        (reply(405, code="MethodNotAllowed"), False),
    ],
)
def test_only_an_enabled_versioning_counts(answer: bytes, versioned: bool) -> None:
    with run_canned(answer) as server:
        assert S3Store(config(server.endpoint)).is_versioned() is versioned


def test_a_wrong_key_does_not_make_a_bucket_unversioned() -> None:
    with run_canned(reply(403, code="InvalidAccessKeyId")) as server, pytest.raises(RefusedError):
        S3Store(config(server.endpoint)).is_versioned()


def test_requests_carry_the_condition_and_no_checksum_of_the_sdks() -> None:
    with run_canned(reply(200, **BODY)) as server:
        store = S3Store(config(server.endpoint))
        create(store)
        put(store)
        delete_matching(store)
    created, stored, deleted = server.requests
    assert created.startswith("PUT /bucket/claims/a HTTP/1.1")
    assert "if-none-match: *" in created.lower()
    assert "content-type: text/plain" in created.lower()
    assert "if-none-match" not in stored.lower()
    assert 'if-match: "0123"' in deleted.lower()
    for request in server.requests:
        assert "x-amz-checksum" not in request.lower()
        assert "x-amz-trailer" not in request.lower()
        assert "Credential=tenant:key/" in request
        assert f"\nuser-agent: paddleocr-watcher/{__version__} " in request.lower()


def test_every_answer_is_observed_also_the_repeated() -> None:
    told: list[tuple[str, str]] = []
    with run_canned(reply(500, code="InternalError"), reply(200, **BODY), NO_ANSWER) as server:
        store = S3Store(config(server.endpoint, attempts=2), lambda operation, status: told.append((operation, status)))
        put(store)
        with pytest.raises(OutcomeUnknownError):
            create(store)
    assert told == [("PutObject", "500"), ("PutObject", "200"), ("PutObject", "no answer")]


@pytest.mark.parametrize("endpoint", ["s3.cloud.ru", "", "http://", "not an address"])
def test_an_endpoint_that_is_no_address_is_refused(endpoint: str) -> None:
    with pytest.raises(RefusedError, match="CLOUDRU_S3_ENDPOINT"):
        S3Store(config(endpoint))


def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "absent")
    with pytest.raises(RefusedError, match=r"AWS_.*absent"):
        S3Store(config("http://127.0.0.1:1"))


def test_the_variables_of_amazons_tools_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ENDPOINT_URL": "http://127.0.0.1:1", "MAX_ATTEMPTS": "9", "ACCESS_KEY_ID": "other", "REGION": "other"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with run_canned(reply(500, code="InternalError")) as server:
        with pytest.raises(OutcomeUnknownError):
            create(S3Store(config(server.endpoint)))
        (request,) = server.requests
    assert "Credential=tenant:key/" in request
    assert "/ru-central-1/s3/" in request


def test_a_bucket_that_can_be_none_is_refused() -> None:
    bad = replace(config("http://127.0.0.1:1"), bucket="not a bucket!")
    with pytest.raises(RefusedError, match="CLOUDRU_S3_BUCKET"):
        get(S3Store(bad))


@pytest.mark.parametrize("key", ["", "я" * 512 + "1", "\ud800"])
def test_a_key_that_cannot_be_is_refused_before_it_is_sent(key: str) -> None:
    store = S3Store(config("http://127.0.0.1:1"))
    for call in (store.head, store.get, store.delete, store.versions):
        with pytest.raises(UnstorableKeyError):
            call(key)


@pytest.mark.parametrize("call", [create, put, get, delete, listing, head])
@pytest.mark.parametrize("answer", [NO_ANSWER, reply(403, code="SignatureDoesNotMatch"), reply(500, code="InternalError"), reply(400)])
def test_neither_secret_nor_signature_reaches_an_error(call: Call, answer: bytes) -> None:
    with run_canned(answer) as server:
        store = S3Store(config(server.endpoint))
        with pytest.raises(StoreError) as raised:
            call(store)
        told = f"{raised.value!s} {raised.value!r} {raised.value.args} {store.location}"
    signatures = [request.partition("Signature=")[2].partition("\n")[0] for request in server.requests]
    assert all(len(signature) >= 64 for signature in signatures)
    assert not any(forbidden in told for forbidden in [SECRET, *signatures])
    assert raised.value.__suppress_context__


def test_the_configuration_hides_its_secret() -> None:
    assert SECRET not in repr(config("https://s3.cloud.ru"))
