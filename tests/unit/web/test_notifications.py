"""Which notifications tell of new documents, and what of others is made of hostile bodies."""

from __future__ import annotations

import json

import pytest
from doubles.notifications import ALL, CEPH, notification

from watcher.web.notifications import NotificationError, concern, new_keys


@pytest.mark.parametrize("body", ALL.values(), ids=ALL)
def test_stores_tell_of_new_documents(body: str) -> None:
    keys = new_keys(body.encode())
    assert len(keys) == 1
    assert concern(keys, "incoming/")
    assert not concern(keys, "inbox/")


@pytest.mark.parametrize("body", ALL.values(), ids=ALL)
@pytest.mark.parametrize(
    ("event", "detail_type"),
    [
        ("ObjectRemoved:Delete", "Object Deleted"),
        ("ObjectRemoved:DeleteMarkerCreated", "Object Deleted"),
        ("ObjectAccessed:Get", "Object Access Tier Changed"),
        ("ObjectTagging:Put", "Object Tags Added"),
    ],
)
def test_other_events_are_no_news(body: str, event: str, detail_type: str) -> None:
    other = body.replace("ObjectCreated:Put", event).replace("Object Created", detail_type)
    assert other != body
    assert new_keys(other.encode()) == []


@pytest.mark.parametrize(
    "event",
    ["ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:Copy", "ObjectCreated:Post", "ObjectSynced:Create", "s3:ObjectCreated:*"],
)
def test_all_ways_to_create_an_object_are_news(event: str) -> None:
    assert new_keys(notification("incoming/a.pdf", event=event)) == ["incoming/a.pdf"]


@pytest.mark.parametrize(
    ("key", "incoming", "does"),
    [
        ("incoming/a.pdf", "incoming/", True),
        ("incoming/Отчёт за 1 кв.+50%.pdf", "incoming/", True),  # raw
        ("incoming/%D0%9E%D1%82%D1%87%D1%91%D1%82.pdf", "incoming/", True),
        ("incoming%2Fa.pdf", "incoming/", True),
        ("my+inbox/a.pdf", "my inbox/", True),
        ("my%20inbox/a.pdf", "my inbox/", True),
        ("my%2Binbox/a.pdf", "my+inbox/", True),
        ("my+inbox/a.pdf", "my+inbox/", True),
        ("%D0%B2%D1%85%D0%BE%D0%B4/a.pdf", "вход/", True),
        ("incoming/", "incoming/", False),
        ("incoming/folder/", "incoming/", False),
        ("incoming", "incoming/", False),
        ("incoming.pdf", "incoming/", False),
        ("processed/incoming/a.pdf", "incoming/", False),
        ("/incoming/a.pdf", "incoming/", False),
        ("", "incoming/", False),
        ("%", "incoming/", False),
        ("%FF%FE", "incoming/", False),
    ],
)
def test_only_what_may_be_a_document_in_the_inbox_concerns_us(key: str, incoming: str, does: bool) -> None:
    assert concern([key], incoming) is does
    assert concern(["processed/b", key], incoming) is does


def test_a_notification_may_hold_many_records_or_none() -> None:
    assert new_keys(notification()) == []
    assert new_keys(notification("a", "incoming/b")) == ["a", "incoming/b"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"incoming/a.pdf",
        b"Records=1",
        CEPH.encode()[:-2],
        CEPH.encode("utf-16"),
        CEPH.encode().replace("Отчёт".encode(), "Отчёт".encode("cp1251")),
        b'{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "incoming/\\ud800"}}}]}',
        notification("incoming/a.pdf").replace(b'"incoming/a.pdf"', b"7"),
        notification("incoming/a.pdf").replace(b'"incoming/a.pdf"', b"9" * 50_000),
        notification("incoming/a.pdf").replace(b'"eventName"', b'"name"'),
        notification("incoming/a.pdf").replace(b'"object"', b'"objects"'),
        b'{"Records": {"eventName": "ObjectCreated:Put"}}',
        b'{"Records": null}',
        b"[" * 60_000,
        b'{"Records": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        json.dumps({"Type": "SubscriptionConfirmation", "SubscribeURL": "http://10.0.0.1/", "Message": "x"}).encode(),
        json.dumps({"Type": "Notification", "Message": CEPH}).encode(),
    ],
    ids=range(21),
)
def test_anything_else_is_refused_with_what_to_send_and_without_what_was_sent(body: bytes) -> None:
    with pytest.raises(NotificationError, match=r"eventName and s3\.object\.key") as caught:
        new_keys(body)
    assert "incoming" not in str(caught.value)
    assert "10.0.0.1" not in str(caught.value)


def test_what_is_beside_the_key_does_not_matter() -> None:
    deep: object = "x"
    for _ in range(50):
        deep = [deep]
    assert new_keys(notification("incoming/a.pdf", extra=deep)) == ["incoming/a.pdf"]
