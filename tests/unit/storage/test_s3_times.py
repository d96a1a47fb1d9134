"""Times in answers of a store, as stores and the SDK write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from botocore.utils import parse_timestamp

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


def test_what_is_no_time_is_an_error() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        parsed_time("yesterday")


def test_sessions_are_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert new_session() is not new_session()


def test_clients_parse_times_so() -> None:
    factory = new_session()._session.get_component("response_parser_factory")
    assert factory.create_parser("rest-xml")._timestamp_parser("2026-01-02T03:04:05.000Z") == datetime(
        2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc
    )
