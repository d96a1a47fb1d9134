"""Clients of the HTTP server that are up to no good, or merely broken: /health answers others all the while."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import resource
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles.health import RESTING, WELL

from watcher.web import HttpServer, create_app

GET = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(autouse=True)
def file_handles() -> Iterator[None]:
    """Both ends of 500 connections are in this process, more than many shells allow unless asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def server() -> Iterator[HttpServer]:
    server = HttpServer(create_app(lambda: WELL, lambda: b"metric 1\n" * 200_000, lambda: RESTING), "127.0.0.1", 0, connection_seconds=5)
    server.start()
    yield server
    server.stop()


def connected(server: HttpServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def said(server: HttpServer, sent: bytes) -> bytes:
    """All that the server says to these bytes until it closes."""
    with connected(server) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(1 << 16):
                answer += part
        return answer


def pushed(connection: socket.socket, pieces: Iterator[bytes]) -> int:
    """How many bytes could be sent before the server closed."""
    taken = 0
    with contextlib.suppress(ConnectionError, TimeoutError):
        for piece in pieces:
            connection.sendall(piece)
            taken += len(piece)
    return taken


def healthy(server: HttpServer) -> bool:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("GET", "/health")
        return bool(json.loads(connection.getresponse().read())["status"] == "healthy")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "health"])
@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_nothing_can_be_written_and_what_can_be_done_is_told(server: HttpServer, method: str, path: str) -> None:
    head, _, _ = said(server, f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405")
    allowed = next(line for line in head.decode().split("\r\n") if line.lower().startswith("allow:"))
    assert set(allowed[6:].replace(" ", "").split(",")) == {"GET", "HEAD"}


@pytest.mark.parametrize("announced", [b"Content-Length: 100000000000", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("method", [b"POST", b"GET"])
def test_a_body_is_not_read(server: HttpServer, method: bytes, announced: bytes) -> None:
    with connected(server) as connection:
        connection.sendall(method + b" /health HTTP/1.1\r\nHost: x\r\n" + announced + b"\r\n\r\n")
        taken = pushed(connection, (b"8000\r\n" + b"x" * 0x8000 + b"\r\n" for _ in range(2048)))
    assert taken < 16 << 20  # what the sockets of both sides hold
    assert healthy(server)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),  # TLS
        b"\0" * 1000 + b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /health\r\n\r\n",
        b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nA\0: b\r\n\r\n",
        "GET /здоровье HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"".join(b"H%d: x\r\n" % number for number in range(10_000)) + b"\r\n",
    ],
    ids=range(14),
)
def test_what_strangers_send_fills_no_log_and_breaks_nothing(server: HttpServer, caplog: pytest.LogCaptureFixture, sent: bytes) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = said(server, sent)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 200 "))
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert healthy(server)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /health HTTP/1.0\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil\r\nConnection: keep-alive\r\n\r\n",
        b"GET /health?a=/../../etc/passwd#x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://elsewhere/health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
    ],
    ids=["1.0", "host", "query", "absolute", "websocket", "expect"],
)
def test_odd_but_lawful_requests_are_answered_like_any_or_not_found(server: HttpServer, sent: bytes) -> None:
    answer = said(server, sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 404 "))
    assert b"evil" not in answer
    assert b"elsewhere" not in answer
    assert json.loads(body)
    names = {line.partition(":")[0].lower() for line in head.decode().split("\r\n")[1:]}
    assert names <= {"content-type", "content-length", "cache-control", "connection", "date"}


@pytest.mark.parametrize(
    "path",
    ["/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/health", "//etc/passwd", "/health/../metrics", "/health%00", "/HEALTH", "*"],
)
def test_no_path_leads_anywhere_else(server: HttpServer, path: str) -> None:
    answer = said(server, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.endswith(b'{"detail":"Not Found"}')


def test_a_pipeline_gets_one_answer(server: HttpServer) -> None:
    assert said(server, GET * 1000).count(b"HTTP/1.1 200 ") == 1


def test_head_has_the_length_of_what_get_would_say(server: HttpServer) -> None:
    head, _, body = said(server, GET.replace(b"GET", b"HEAD")).partition(b"\r\n\r\n")
    assert body == b""
    assert b"content-length: " in head.lower()


def test_one_that_sends_its_head_a_byte_at_a_time_is_cut_off(server: HttpServer) -> None:
    def slowly() -> Iterator[bytes]:
        for byte in GET[:-2] + b"X: " + b"y" * 1000:
            yield bytes([byte])
            assert healthy(server)
            threading.Event().wait(0.1)

    with connected(server) as connection:
        assert pushed(connection, slowly()) < 200


def test_those_that_do_not_read_their_answer_keep_nobody_waiting(server: HttpServer) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            lazy = stack.enter_context(socket.socket())
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            lazy.connect(("127.0.0.1", server.port))
            lazy.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert all(healthy(server) for _ in range(20))


def test_500_ask_at_once_and_all_are_answered(server: HttpServer) -> None:
    with ThreadPoolExecutor(500) as pool:
        start = threading.Barrier(500)

        def ask(_number: int) -> bool:
            start.wait(30)
            return healthy(server)

        assert all(pool.map(ask, range(500)))


def test_500_that_only_connect_keep_nobody_waiting(server: HttpServer) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(connected(server)).sendall(b"GET /health HTTP/1.1\r\nX: ")
        assert all(healthy(server) for _ in range(20))
