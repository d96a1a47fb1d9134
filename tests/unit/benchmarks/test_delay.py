"""The proxy with a delay: what passes through it, and what it tells of that."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic

import pytest

from benchmarks.network import Network, slow_network

SECONDS = 0.2


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer(404 if self.path.startswith("/bucket/absent") else 200, self.path.encode())

    def do_PUT(self) -> None:
        self.answer(200, str(len(self.rfile.read(int(self.headers["Content-Length"])))).encode())


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        with slow_network(f"http://127.0.0.1:{server.server_port}", SECONDS, tmp_path / "requests") as network:
            yield network
        server.shutdown()


def test_requests_pass_as_they_are_later_and_are_told_of_with_their_answers(network: Network) -> None:
    connection = http.client.HTTPConnection(network.endpoint.removeprefix("http://"), timeout=30)
    answers, began = [], monotonic()
    for method, path, body in (
        ("GET", "/bucket/incoming/%D0%B0%20b.pdf", None),
        ("PUT", "/bucket/a?versions", b"x" * 300_000),
        ("GET", "/bucket/absent", None),
    ):
        connection.request(method, path, body)
        answer = connection.getresponse()
        answers.append((answer.status, answer.read()))
    took = monotonic() - began
    connection.close()
    assert answers == [(200, b"/bucket/incoming/%D0%B0%20b.pdf"), (200, b"300000"), (404, b"/bucket/absent")]
    assert took >= 3 * SECONDS
    seen = network.requests()
    assert [(one.method, one.key, one.query, one.status) for one in seen] == [
        ("GET", "incoming/а b.pdf", "", 200),
        ("PUT", "a", "versions", 200),
        ("GET", "absent", "", 404),
    ]
    assert all(one.answered_at - one.sent_at >= SECONDS for one in seen)


def test_a_body_that_its_sender_asks_about_first_is_not_taken_for_a_request(network: Network) -> None:
    connection = http.client.HTTPConnection(network.endpoint.removeprefix("http://"), timeout=30)
    connection.putrequest("PUT", "/bucket/a")
    connection.putheader("Content-Length", "5")
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    connection.send(b"GET /")
    assert connection.getresponse().read() == b"5"
    connection.request("GET", "/bucket/b")
    assert connection.getresponse().read() == b"/bucket/b"
    connection.close()
    assert [(one.method, one.key, one.status) for one in network.requests()] == [("PUT", "a", 200), ("GET", "b", 200)]
