"""POST /events: who may wake the scan, by what, and what everybody else is told."""

from __future__ import annotations

import base64
from collections import Counter

import pytest
from doubles.health import RESTING, WELL
from doubles.notifications import ALL, notification
from fastapi.testclient import TestClient

from watcher.web import Events, create_app

TOKEN = "a-token-of-the-tests-7"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
MOST_BYTES = 4096
NEWS = notification("incoming/a.pdf")


class Daemon:
    def __init__(self) -> None:
        self.woken = 0
        self.counted = Counter[str]()
        events = Events(TOKEN, "incoming/", MOST_BYTES, self.wake, lambda result: self.counted.update([result]))
        self.client = TestClient(create_app(lambda: WELL, bytes, lambda: RESTING, events))

    def wake(self) -> None:
        self.woken += 1


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("body", ALL.values(), ids=ALL)
def test_a_new_document_wakes(daemon: Daemon, body: str) -> None:
    response = daemon.client.post("/events", content=body.encode(), headers=BEARER)
    assert (response.status_code, response.json()) == (202, {"status": "accepted"})
    assert daemon.woken == 1
    assert daemon.counted == {"woke": 1}


@pytest.mark.parametrize(
    "authorization",
    [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Bearer  {TOKEN} ", basic("events", TOKEN), basic("", TOKEN), basic("any body", TOKEN)],
)
def test_the_token_may_come_as_bearer_or_as_password(daemon: Daemon, authorization: str) -> None:
    assert daemon.client.post("/events", content=NEWS, headers={"Authorization": authorization}).status_code == 202
    assert daemon.woken == 1


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN.upper()}",
        f"Token {TOKEN}",
        basic(TOKEN, ""),
        basic(TOKEN, TOKEN + "x"),
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff:\xfe").decode(),
        f"Basic {TOKEN}",
        "Bearer \xff",
    ],
)
def test_without_the_token_nobody_wakes_and_is_told_what_to_bring(daemon: Daemon, authorization: str) -> None:
    response = daemon.client.post("/events", content=NEWS, headers={"Authorization": authorization.encode("latin-1")})
    assert response.status_code == 401
    assert "http.events_token" in response.json()["reason"]
    assert "Basic" in response.headers["www-authenticate"]
    assert TOKEN not in response.text
    assert (daemon.woken, daemon.counted) == (0, {"unauthorized": 1})


def test_the_token_counts_in_the_header_alone(daemon: Daemon) -> None:
    """An address ends up in the logs of proxies."""
    assert daemon.client.post(f"/events?token={TOKEN}", content=NEWS).status_code == 401
    assert daemon.client.post(f"/events/{TOKEN}", content=NEWS).status_code == 404


@pytest.mark.parametrize("keys", [[], ["processed/incoming/a.pdf"], ["incoming/"], ["claims/a", "failed/b"]])
def test_news_of_other_places_wake_nothing(daemon: Daemon, keys: list[str]) -> None:
    response = daemon.client.post("/events", content=notification(*keys), headers=BEARER)
    assert (response.status_code, response.json()["status"]) == (202, "ignored")
    assert (daemon.woken, daemon.counted) == (0, {"ignored": 1})


def test_what_left_the_inbox_wakes_nothing(daemon: Daemon) -> None:
    assert (
        daemon.client.post("/events", content=notification("incoming/a.pdf", event="ObjectRemoved:Delete"), headers=BEARER).status_code
        == 202
    )
    assert daemon.woken == 0


@pytest.mark.parametrize("body", [b"", b"hello", b"{}", b"\xff\xfe\x00", b"[" * MOST_BYTES])
def test_other_content_is_refused_in_a_sentence(daemon: Daemon, body: bytes) -> None:
    response = daemon.client.post("/events", content=body, headers=BEARER)
    assert response.status_code == 400
    assert "no bucket notification: send JSON" in response.json()["reason"]
    assert (daemon.woken, daemon.counted) == (0, {"malformed": 1})


def test_length_has_a_bound(daemon: Daemon) -> None:
    fits = notification("incoming/a.pdf", x="y" * (MOST_BYTES - len(notification("incoming/a.pdf", x=""))))
    assert len(fits) == MOST_BYTES
    assert daemon.client.post("/events", content=fits, headers=BEARER).status_code == 202
    response = daemon.client.post("/events", content=fits + b" ", headers=BEARER)
    assert response.status_code == 413
    assert "4096 bytes (http.events_bytes)" in response.json()["reason"]
    assert (daemon.woken, daemon.counted) == (1, {"woke": 1, "too_large": 1})


def test_the_token_is_asked_for_before_anything_else_is_looked_at(daemon: Daemon) -> None:
    assert daemon.client.post("/events", content=b"x" * MOST_BYTES * 2).status_code == 401
    assert daemon.client.post("/events", content=b"hello").status_code == 401


def test_nothing_but_post_is_taken(daemon: Daemon) -> None:
    """MinIO may ask by HEAD whether somebody is there, and takes any answer for a yes."""
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        response = daemon.client.request(method, "/events", headers=BEARER)
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_what_is_kept_does_not_show_the_token() -> None:
    assert TOKEN not in repr(Events(TOKEN, "incoming/", 1, lambda: None, lambda result: None))
