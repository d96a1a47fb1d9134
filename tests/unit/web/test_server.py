"""The HTTP server, in process and on a real port."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from doubles.health import RESTING, WELL
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from watcher.domain.health import HealthSnapshot
from watcher.metrics import Metrics
from watcher.web import HttpServer, HttpServerError, create_app


class Daemon:
    """What the routes ask."""

    def __init__(self) -> None:
        self.snapshot = WELL
        self.metrics = Metrics(now=lambda: 0.0)

    def app(self) -> FastAPI:
        return create_app(lambda: self.snapshot, self.metrics.render, lambda: RESTING)


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
def client(daemon: Daemon) -> TestClient:
    return TestClient(daemon.app(), raise_server_exceptions=False)


@pytest.fixture
def server(daemon: Daemon) -> Iterator[HttpServer]:
    server = HttpServer(daemon.app(), "127.0.0.1", 0, connections=256)
    server.start()
    yield server
    server.stop()


def ask(server: HttpServer, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def is_cut_off(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


class TestRoutes:
    def test_health_follows_the_snapshot(self, daemon: Daemon, client: TestClient) -> None:
        well = client.get("/health")
        daemon.snapshot = replace(WELL, engine_phase="failed", engine_reason="no models")
        broken = client.get("/health")
        assert (well.status_code, well.json()["status"], well.json()["s3_storage"]) == (200, "healthy", "not_configured")
        assert (broken.status_code, broken.json()["status"], broken.json()["paddleocr"]) == (503, "unhealthy", "failed")
        assert well.headers["cache-control"] == "no-store"

    def test_ready_follows_the_snapshot(self, daemon: Daemon, client: TestClient) -> None:
        daemon.snapshot = replace(WELL, engine_phase="initializing")
        loading = client.get("/ready")
        daemon.snapshot = WELL
        assert loading.status_code == 503
        assert client.get("/ready").json() == {"status": "ready"}

    def test_metrics_are_what_prometheus_reads(self, daemon: Daemon, client: TestClient) -> None:
        daemon.metrics.taken_over()
        response = client.get("/metrics")
        assert response.headers["content-type"].startswith("text/plain; version=")
        families = {family.name: family for family in text_string_to_metric_families(response.text)}
        assert families["watcher_takeovers"].samples[0].value == 1

    @pytest.mark.parametrize("path", ["/events", "/docs", "/redoc", "/openapi.json", "/health/", "/health/x", "/../etc/passwd"])
    def test_nothing_else_is_served(self, client: TestClient, path: str) -> None:
        response = client.get(path)
        assert response.status_code == 404
        assert response.json() == {"detail": "Not Found"}

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    def test_nothing_can_be_changed(self, client: TestClient, method: str) -> None:
        assert client.request(method, "/health").status_code == 405

    def test_error_of_our_own_is_json_and_tells_nothing_inside(self) -> None:
        def broken() -> HealthSnapshot:
            raise ValueError("hush-hush")

        response = TestClient(create_app(broken, bytes, lambda: RESTING), raise_server_exceptions=False).get("/health")
        assert (response.status_code, response.json()["status"]) == (500, "unhealthy")
        assert "hush" not in response.text


class TestServer:
    def test_answers_on_the_port_that_it_found(self, server: HttpServer) -> None:
        status, headers, body = ask(server, "GET", "/health")
        assert (status, json.loads(body)["status"]) == (200, "healthy")
        assert headers["content-type"] == "application/json"
        assert "server" not in headers
        assert headers["connection"] == "close"

    def test_head_is_answered_without_body(self, server: HttpServer) -> None:
        status, _, body = ask(server, "HEAD", "/health")
        assert (status, body) == (200, b"")

    def test_unknown_path_is_a_json_404(self, server: HttpServer) -> None:
        status, headers, _ = ask(server, "GET", "/%00/../..")
        assert (status, headers["content-type"]) == (404, "application/json")

    def test_request_head_has_a_bound(self, server: HttpServer) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000)
            assert connection.recv(100).startswith(b"HTTP/1.1 400")
        assert ask(server, "GET", "/health")[0] == 200

    @pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: x\r\nX: "], ids=["nothing", "half a request"])
    def test_connections_that_ask_nothing_keep_nobody_out(self, server: HttpServer, sent: bytes) -> None:
        with contextlib.ExitStack() as stack:
            idle = []
            for _ in range(300):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
                connection.sendall(sent)
                idle.append(connection)
            assert [ask(server, "GET", path)[0] for path in ("/health", "/ready", "/metrics")] == [200, 200, 200]
            assert is_cut_off(idle[0])  # the oldest make room, so that file handles are left
            idle[-1].sendall(b"\r\n\r\n" if sent else b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle[-1].recv(100).startswith(b"HTTP/1.1 200")

    def test_one_that_has_asked_is_not_cut_off_for_those_that_have_not(self) -> None:
        app, asked, go_on = FastAPI(), threading.Event(), asyncio.Event()

        @app.get("/slow")
        async def slow_route() -> str:
            asked.set()
            await go_on.wait()
            return "done"

        @app.get("/go-on")
        async def go_on_route() -> None:
            go_on.set()

        server = HttpServer(app, "127.0.0.1", 0, connection_seconds=60, connections=256)
        server.start()
        try:
            with contextlib.ExitStack() as stack:
                slow = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
                slow.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
                assert asked.wait(10)
                idle = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10)) for _ in range(300)]
                assert is_cut_off(idle[0])
                assert ask(server, "GET", "/go-on")[0] == 200
                assert slow.recv(100).startswith(b"HTTP/1.1 200")
        finally:
            server.stop()

    @pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")
    def test_listens_on_ipv6(self, daemon: Daemon) -> None:
        server = HttpServer(daemon.app(), "::1", 0)
        server.start()
        try:
            with socket.create_connection(("::1", server.port), timeout=10) as connection:
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                assert connection.recv(100).startswith(b"HTTP/1.1 200")
        finally:
            server.stop()

    def test_many_ask_at_once(self, server: HttpServer) -> None:
        statuses: list[int] = []
        threads = [threading.Thread(target=lambda: statuses.append(ask(server, "GET", "/health")[0])) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 20

    def test_leaves_signals_to_the_main_thread(self, daemon: Daemon) -> None:
        before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        server = HttpServer(daemon.app(), "127.0.0.1", 0)
        server.start()
        try:
            assert ask(server, "GET", "/health")[0] == 200
            assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
        finally:
            server.stop()

    def test_taken_port_is_a_clear_error(self, server: HttpServer, daemon: Daemon) -> None:
        with pytest.raises(HttpServerError, match=rf"^http\.port: {server.port} is taken .*WATCHER_HTTP__PORT"):
            HttpServer(daemon.app(), "127.0.0.1", server.port).start()

    @pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "::ffff:zz"])
    def test_address_that_is_not_ours_is_a_clear_error(self, daemon: Daemon, host: str) -> None:
        with pytest.raises(HttpServerError, match=r"^http\.host: cannot listen on "):
            HttpServer(daemon.app(), host, 0).start()

    @pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: x\r\nX: "], ids=["nothing", "half a request"])
    def test_a_client_that_does_not_ask_is_cut_off(self, daemon: Daemon, sent: bytes) -> None:
        server = HttpServer(daemon.app(), "127.0.0.1", 0, connection_seconds=0.05)
        server.start()
        try:
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection, contextlib.suppress(ConnectionResetError):
                connection.sendall(sent)
                assert connection.recv(100) == b""
        finally:
            server.stop()

    def test_stop_frees_the_port_while_a_client_stays_connected(self, daemon: Daemon) -> None:
        server = HttpServer(daemon.app(), "127.0.0.1", 0)
        server.start()
        with socket.create_connection(("127.0.0.1", server.port), timeout=10):
            assert ask(server, "GET", "/health")[0] == 200
            server.stop()
        again = HttpServer(daemon.app(), "127.0.0.1", server.port)
        again.start()
        assert ask(again, "GET", "/health")[0] == 200
        again.stop()
        again.stop()

    def test_stop_without_start_is_nothing(self, daemon: Daemon) -> None:
        HttpServer(daemon.app(), "127.0.0.1", 0).stop()
