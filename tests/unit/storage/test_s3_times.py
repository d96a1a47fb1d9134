"""Times in answers of a store, as stores and the SDK write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from botocore.utils import parse_timestamp
from servers.canned import reply, run_canned

from watcher.storage.port import UnavailableError
from watcher.storage.reasons import Reason
from watcher.storage.s3 import S3Config, S3Store
from watcher.storage.s3_client import new_session, parsed_time


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05.678Z",
        "2026-01-02T03:04:05.678901Z",
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05+03:00",
        "Fri, 02 Jan 2026 03:04:05 GMT",
        "Fri, 02 Jan 2026 03:04:05 +0300",
        "Friday, 02-Jan-26 03:04:05 GMT",
        "20260102T030405Z",
        "1767323045",
        1767323045,
    ],
)
def test_a_time_is_what_the_sdk_takes_it_for(text: str | int) -> None:
    assert parsed_time(text) == parse_timestamp(text)
    assert parsed_time(text).utcoffset() in (timedelta(0), timedelta(hours=3))


@pytest.mark.parametrize(
    "text", ["yesterday", "", "9" * 400, "Fri, 02 Jan 2026 03:04:05 +99999999999999", "Fri, 02 Jan 99999999999999999999 03:04:05 GMT"]
)
def test_what_is_no_time_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        parsed_time(text)


def test_a_time_without_a_zone_is_utc() -> None:
    assert parsed_time("2026-01-02T03:04:05") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def _list(store: S3Store) -> object:
    return list(store.list("in/"))


def _listing(*fields: str) -> bytes:
    entry = "".join(("<Key>in/a</Key>", *fields))
    return reply(200, f"<ListBucketResult><IsTruncated>false</IsTruncated><Contents>{entry}</Contents></ListBucketResult>")


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (_list, _listing("<ETag>1</ETag>", "<Size>1</Size>", "<LastModified>yesterday</LastModified>")),
        (_list, _listing("<ETag>1</ETag>", "<Size>1</Size>", f"<LastModified>{'9' * 400}</LastModified>")),
        (_list, _listing("<ETag>1</ETag>", "<Size>much</Size>", "<LastModified>2026-01-02T03:04:05Z</LastModified>")),
        (_list, _listing("<Size>1</Size>", "<LastModified>2026-01-02T03:04:05Z</LastModified>")),
        (lambda store: store.head("in/a"), reply(200, ETag="1", Last_Modified="yesterday")),
        (lambda store: store.get("in/a"), reply(200, "x", ETag="1", Last_Modified="Fri, 02 Jan 2026 03:04:05 +99999999999999")),
    ],
)
def test_an_answer_with_what_is_no_time_or_no_number_is_the_stores_fault(ask: Callable[[S3Store], object], answer: bytes) -> None:
    """Else it would be taken for one of ours, and be charged to the document."""
    with run_canned(answer) as server, pytest.raises(UnavailableError) as raised:
        ask(S3Store(S3Config(server.endpoint, "bucket", "tenant:key", "secret", "ru-central-1", 5, 10, 1, 4)))
    assert raised.value.reason is Reason.BROKEN_ANSWER


def test_sessions_are_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert new_session() is not new_session()


def test_clients_parse_times_so() -> None:
    factory = new_session()._session.get_component("response_parser_factory")
    assert factory.create_parser("rest-xml")._timestamp_parser("2026-01-02T03:04:05.000Z") == datetime(
        2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc
    )
