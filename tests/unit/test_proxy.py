"""The fault-injecting proxy of the tests does what it says, or chaos would prove nothing."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from servers.canned import Canned, reply, run_canned
from servers.proxy import Exchange, Proxy, run_proxy
from servers.s3_server import S3Server
from servers.weather import CALM, Fault, Weather

from watcher.storage.port import NotFoundError
from watcher.storage.s3 import S3Store

PATIENCE = 10.0


@contextmanager
def proxied(*answers: bytes, seed: int = 1) -> Iterator[tuple[Canned, Proxy, list[Exchange]]]:
    seen: list[Exchange] = []
    with run_canned(*answers) as canned, run_proxy("a", canned.endpoint, seen.append, seed) as proxy:
        yield canned, proxy, seen
        assert proxy.defects == []


@contextmanager
def connected(proxy: Proxy, timeout: float = PATIENCE) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(proxy.endpoint).netloc, timeout=timeout)
    try:
        yield connection
    finally:
        connection.close()


def ask(
    connection: http.client.HTTPConnection, method: str = "GET", path: str = "/bucket/key", body: bytes | None = None
) -> tuple[int, bytes]:
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_without_faults_requests_and_answers_pass_on_one_connection() -> None:
    with proxied(reply(200, "first", ETag='"e"'), reply(404, "second")) as (canned, proxy, seen), connected(proxy) as connection:
        connection.request("PUT", "/bucket/a%20b?x=1", b"body", headers={"If-None-Match": "*"})
        answer = connection.getresponse()
        own_socket = connection.sock
        assert (answer.status, answer.getheader("ETag"), answer.read()) == (200, '"e"', b"first")
        assert ask(connection) == (404, b"second")
        assert connection.sock is own_socket
    assert canned.requests[0].startswith("PUT /bucket/a%20b?x=1 HTTP/1.1\n")
    assert {"If-None-Match: *", "Content-Length: 4", f"Host: {urlsplit(proxy.endpoint).netloc}"} <= set(canned.requests[0].split("\n"))
    assert [(one.proxy, one.method, one.key, one.query, one.status, one.etag) for one in seen] == [
        ("a", "PUT", "a b", "x=1", 200, "e"),
        ("a", "GET", "key", "", 404, ""),
    ]
    assert all(one.sent_at <= one.answered_at for one in seen)
    assert proxy.counts == {}


@pytest.mark.parametrize(
    ("fault", "forwarded"),
    [
        (Fault.SLOW_DOWN, False),
        (Fault.RESET_REQUEST, False),
        (Fault.RESET_ANSWER, True),
        (Fault.LOST_ANSWER, True),
        (Fault.BLACK_HOLE, False),
        (Fault.LATE, True),
    ],
)
def test_a_fault_does_what_its_name_says_is_counted_and_is_over_when_switched_off(fault: Fault, forwarded: bool) -> None:
    with proxied(reply(200, "four")) as (canned, proxy, seen):
        proxy.weather = Weather({fault: 1.0}, late_seconds=0.01)
        with connected(proxy, timeout=0.3 if fault is Fault.BLACK_HOLE else PATIENCE) as connection:
            if fault is Fault.SLOW_DOWN:
                status, body = ask(connection)
                assert (status, b"<Code>SlowDown</Code>" in body) == (503, True)
            elif fault is Fault.LATE:
                assert ask(connection) == (200, b"four")
            elif fault is Fault.RESET_ANSWER:
                connection.request("GET", "/bucket/key")
                with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
                    connection.getresponse().read()
            else:
                silence = {
                    Fault.RESET_REQUEST: ConnectionResetError,
                    Fault.LOST_ANSWER: http.client.RemoteDisconnected,
                    Fault.BLACK_HOLE: TimeoutError,
                }
                with pytest.raises(silence[fault]):
                    ask(connection)
        assert proxy.counts == {fault: 1}
        assert len(canned.requests) == int(forwarded)
        assert [one.status for one in seen] == [200 if forwarded else None]
        proxy.weather = CALM
        with connected(proxy) as connection:
            assert ask(connection) == (200, b"four")
        assert proxy.counts == {fault: 1}


def test_half_of_a_body_reaches_the_server_where_the_request_is_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        received = bytearray()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                while chunk := connection.recv(1 << 16):
                    received.extend(chunk)

        thread = threading.Thread(target=serve)
        thread.start()
        with run_proxy("a", f"http://127.0.0.1:{server.getsockname()[1]}", lambda _: None, 1) as proxy, connected(proxy) as connection:
            proxy.weather = Weather({Fault.RESET_REQUEST: 1.0})
            with pytest.raises(OSError):  # noqa: PT011 - the reset may come while the body is sent or after it
                ask(connection, "PUT", body=b"x" * 1000)
        thread.join(PATIENCE)
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    assert b"Content-Length: 1000" in head
    assert body == b"x" * 500


def test_a_late_request_arrives_although_nobody_waits_any_more() -> None:
    with proxied(reply(200)) as (canned, proxy, seen):
        proxy.weather = Weather({Fault.LATE: 1.0}, late_seconds=1.0)
        with connected(proxy, timeout=0.01) as connection, pytest.raises(TimeoutError):
            ask(connection, "PUT", body=b"body")
        arrived = threading.Event()
        for _ in range(100):
            if seen:
                break
            arrived.wait(0.05)
        assert [one.status for one in seen] == [200]
        assert len(canned.requests) == 1


def test_nothing_passes_while_it_is_cut_off() -> None:
    with proxied(reply(200, "four")) as (canned, proxy, _):
        with connected(proxy) as kept_alive:
            assert ask(kept_alive) == (200, b"four")
            proxy.cut_off.set()
            own_socket = kept_alive.sock
            assert own_socket is not None
            own_socket.settimeout(0.2)
            with pytest.raises(TimeoutError):
                ask(kept_alive)
        with connected(proxy, timeout=0.2) as another, pytest.raises(TimeoutError):
            ask(another, "PUT", body=b"body")
        assert len(canned.requests) == 1
        assert proxy.counts == {Fault.CUT: 2}
        proxy.cut_off.clear()
        with connected(proxy) as connection:
            assert ask(connection) == (200, b"four")


def test_a_given_answer_takes_the_place_of_the_servers() -> None:
    with proxied(reply(200, "the server's")) as (canned, proxy, seen):
        proxy.answer = reply(507, "ours")
        with connected(proxy) as connection:
            assert ask(connection, "PUT", body=b"body") == (507, b"ours")
        proxy.answer = b""
        with connected(proxy) as connection:
            assert ask(connection) == (200, b"the server's")
    assert [exchange.status for exchange in seen] == [None, 200]
    assert len(canned.requests) == 1


def test_the_seed_decides_the_sequence_of_faults() -> None:
    def drawn(seed: int) -> tuple[list[tuple[Fault | None, float]], Counter[Fault]]:
        proxy = Proxy("a", "", lambda _: None, seed, Weather({Fault.SLOW_DOWN: 0.2, Fault.LATE: 0.1}, 0.5, 0.1, 3.0))
        return [proxy.draw() for _ in range(1000)], proxy.counts

    draws, counts = drawn(7)
    assert drawn(7) == (draws, counts)
    assert drawn(8) != (draws, counts)
    assert 150 < counts[Fault.SLOW_DOWN] < 250
    assert 60 < counts[Fault.LATE] < 140
    assert all(0.5 <= seconds <= 0.6 for fault, seconds in draws if fault is not Fault.LATE)
    assert max(seconds for fault, seconds in draws if fault is Fault.LATE) > 2


def test_the_s3_client_works_through_it(moto_server: S3Server) -> None:
    seen: list[Exchange] = []
    with run_proxy("a", moto_server.endpoint, seen.append, 1) as proxy:
        direct = moto_server.new_bucket()
        store = S3Store(replace(direct, endpoint=proxy.endpoint))
        etag = store.create("папка/a b.txt", b"text", "text/plain")
        assert store.head("папка/a b.txt").size == 4
        assert store.get("папка/a b.txt")[1] == b"text"
        assert [info.key for info in store.list("папка/")] == ["папка/a b.txt"]
        store.delete("папка/a b.txt")
        with pytest.raises(NotFoundError):
            store.get("папка/a b.txt")
        assert proxy.defects == []
    assert ("PUT", "папка/a b.txt", 200, etag) in [(one.method, one.key, one.status, one.etag) for one in seen]
