"""Senders to /events that are up to no good, with and without the token: /health answers others all the while, and no log fills."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from doubles.health import RESTING, WELL
from doubles.notifications import notification

from watcher.web import Events, HttpServer, create_app

TOKEN = "a-token-of-the-tests-7"
MOST_BYTES = 64 * 1024
CONNECTION_SECONDS = 2.0
NEWS = notification("incoming/a.pdf")


class Server:
    def __init__(self) -> None:
        self.counted = Counter[str]()
        self.told = threading.Condition()
        events = Events(TOKEN, "incoming/", MOST_BYTES, lambda: None, self.count)
        self.http = HttpServer(create_app(lambda: WELL, bytes, lambda: RESTING, events), "127.0.0.1", 0, CONNECTION_SECONDS)

    def count(self, result: str) -> None:
        with self.told:
            self.counted[result] += 1
            self.told.notify_all()

    def wait_for(self, result: str) -> None:
        with self.told:
            assert self.told.wait_for(lambda: self.counted[result], timeout=30), self.counted

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.http.port), timeout=30)

    def healthy(self) -> bool:
        with contextlib.closing(HTTPConnection("127.0.0.1", self.http.port, timeout=10)) as connection:
            connection.request("GET", "/health")
            return bool(json.loads(connection.getresponse().read())["status"] == "healthy")


@pytest.fixture
def server(caplog: pytest.LogCaptureFixture) -> Iterator[Server]:
    server = Server()
    server.http.start()
    with caplog.at_level(logging.DEBUG):
        yield server
        assert server.healthy()
        server.http.stop()
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert TOKEN not in caplog.text


def head(*more: str, token: str = TOKEN) -> bytes:
    return "\r\n".join(["POST /events HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", *more, "", ""]).encode()


def answer(connection: socket.socket) -> bytes:
    got = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(1 << 16):
            got += part
    return got


def pushed(connection: socket.socket, piece: bytes, times: int) -> int:
    """How many bytes could be sent before the server closed."""
    taken = 0
    with contextlib.suppress(ConnectionError, TimeoutError):
        for _ in range(times):
            connection.sendall(piece)
            taken += len(piece)
    return taken


@pytest.mark.parametrize("announced", ["Content-Length: 100000000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize(("token", "said"), [(TOKEN, b"413"), ("wrong", b"401")])
def test_a_body_without_end_is_not_read_to_it(server: Server, announced: str, token: str, said: bytes) -> None:
    with server.connected() as connection:
        connection.sendall(head(announced, token=token))
        taken = pushed(connection, b"8000\r\n" + b"x" * 0x8000 + b"\r\n", 4096)
    assert taken < 32 << 20  # what is thrown away, and what the sockets of both sides hold
    assert server.counted == {"too_large" if said == b"413" else "unauthorized": 1}


def test_who_sends_a_little_too_much_is_told_so(server: Server) -> None:
    with server.connected() as connection:
        connection.sendall(head(f"Content-Length: {8 * MOST_BYTES}") + b"x" * 8 * MOST_BYTES)
        assert answer(connection).startswith(b"HTTP/1.1 413 ")


def test_a_body_a_byte_at_a_time_is_cut_off_and_keeps_nobody_waiting(server: Server) -> None:
    with server.connected() as connection:
        connection.sendall(head(f"Content-Length: {len(NEWS)}"))
        for byte in NEWS:
            if not pushed(connection, bytes([byte]), 1):
                break
            assert server.healthy()
            threading.Event().wait(0.1)
        server.wait_for("cut_off")
    assert server.counted == {"cut_off": 1}


def test_one_that_breaks_off_is_no_news(server: Server) -> None:
    with server.connected() as connection:
        connection.sendall(head(f"Content-Length: {len(NEWS)}") + NEWS[:20])
        assert server.healthy()
    server.wait_for("cut_off")
    assert server.counted == {"cut_off": 1}


@pytest.mark.parametrize(
    "sent",
    [
        head(f"Content-Length: {len(NEWS)}") + NEWS,
        head("Transfer-Encoding: chunked") + b"".join(b"1\r\n%c\r\n" % byte for byte in NEWS) + b"0\r\n\r\n",
        head(f"Content-Length: {len(NEWS)}", "Expect: 100-continue") + NEWS,
        head(f"Content-Length: {len(NEWS)}", "Content-Type: text/plain; charset=cp1251") + NEWS,
        head(f"Content-Length: {len(NEWS)}", "Connection: keep-alive") + NEWS * 3,
    ],
    ids=["plain", "byte by byte", "expects to be let", "as another type", "more behind it"],
)
def test_odd_but_lawful_notifications_are_taken(server: Server, sent: bytes) -> None:
    with server.connected() as connection:
        connection.sendall(sent)
        assert b"HTTP/1.1 202 " in answer(connection)
    assert server.counted == {"woke": 1}


@pytest.mark.parametrize(
    "body",
    [b"[" * MOST_BYTES, b'{"a":' * (MOST_BYTES // 5), b"9" * MOST_BYTES, b"\xff" * MOST_BYTES, b'"' + b"\\u0041" * (MOST_BYTES // 7)],
    ids=["lists", "objects", "a number", "no text", "escapes"],
)
def test_bodies_made_to_be_dear_cost_little(server: Server, body: bytes) -> None:
    for _ in range(20):
        with server.connected() as connection:
            connection.sendall(head(f"Content-Length: {len(body)}") + body)
            assert answer(connection).startswith(b"HTTP/1.1 400 ")
        assert server.healthy()


def test_many_at_once_are_all_taken(server: Server) -> None:
    start = threading.Barrier(200)

    def send(number: int) -> bool:
        start.wait(30)
        if number % 10 == 0:
            return server.healthy()
        with server.connected() as connection:
            connection.sendall(head(f"Content-Length: {len(NEWS)}") + NEWS)
            return answer(connection).startswith(b"HTTP/1.1 202 ")

    with ThreadPoolExecutor(200) as pool:
        assert all(pool.map(send, range(200)))
    assert server.counted == {"woke": 180}
