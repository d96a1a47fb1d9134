"""A proxy in front of an S3 server that does to requests what networks and busy stores do, and remembers what the server answered.

It takes whole requests and hands on whole answers, so that a request may arrive long after its sender has died. Bodies are small here.
"""

from __future__ import annotations

import http.client
import random
import select
import socket
import socketserver
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from time import monotonic
from urllib.parse import unquote, urlsplit

from servers.weather import CALM, Fault, Weather

SERVER_SECONDS = 60.0
LOOK_SECONDS = 0.1
SLOW_DOWN = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}


@dataclass(frozen=True)
class Exchange:
    """A request that came, and what the server answered to it, delivered or not. Times are of the monotonic clock.

    `key` is unquoted and without its bucket. `status` is None where the request was not forwarded whole; `etag` is without quotes.
    """

    proxy: str
    method: str
    key: str
    query: str
    sent_at: float
    answered_at: float
    status: int | None = None
    etag: str = ""


Witness = Callable[[Exchange], None]


@dataclass
class Proxy:
    """A running proxy. `weather` may be replaced at any time; while `cut_off` is set, nothing passes and nothing is refused; while `answer` is not
    empty, every request gets that, as it is, in place of the server's.

    `seed` decides the sequence of faults; which request meets which of them depends on the order in which requests come.
    `defects`: what went wrong that was not asked for.
    """

    name: str
    upstream: str
    witness: Witness
    seed: int
    weather: Weather = CALM
    answer: bytes = b""
    endpoint: str = ""
    counts: Counter[Fault] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)
    cut_off: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def draw(self) -> tuple[Fault | None, float]:
        """What happens to the next request, and after how many seconds it is forwarded."""
        with self._lock:
            weather, roll = self.weather, self._dice.random()
            seconds = weather.latency_seconds + self._dice.random() * weather.jitter_seconds
            for fault, rate in weather.rates.items():
                roll -= rate
                if roll < 0:
                    late = self._dice.random() * weather.late_seconds if fault is Fault.LATE else 0.0
                    self.counts[fault] += 1
                    return fault, seconds + late
            return None, seconds

    def count_cut(self) -> None:
        with self._lock:
            self.counts[Fault.CUT] += 1


@contextmanager
def run_proxy(name: str, upstream: str, witness: Witness, seed: int) -> Iterator[Proxy]:
    """A proxy on the loopback in front of the server `upstream` (http://host:port), until the block ends. `witness` may be called by any thread."""
    proxy = Proxy(name, upstream, witness, seed)

    with _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy})) as server:
        server.proxy = proxy
        proxy.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name=f"proxy-{name}", daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.ended.set()
            server.shutdown()
            thread.join()


class _Server(socketserver.ThreadingTCPServer):
    proxy: Proxy
    daemon_threads = True
    request_queue_size = 128
    block_on_close = False  # a black hole ends when its client does

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Closes without saying goodbye first, so that a connection that is to be reset is reset."""
        assert isinstance(request, socket.socket)
        self.close_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed leave broken connections behind; anything else is a defect of the proxy or of the server."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.proxy.defects.append(repr(error))


class _Handler(BaseHTTPRequestHandler):
    """One client connection, kept alive as HTTP/1.1 has it."""

    proxy: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Thousands of lines would hide what a failing test has to say."""

    def handle_expect_100(self) -> bool:
        return True  # said when the body is really read

    def do_GET(self) -> None:
        sent_at = monotonic()
        if self.proxy.cut_off.is_set():
            self._cut(sent_at)
            return
        if self.proxy.answer:
            self._say(self.proxy.answer, sent_at)
            return
        fault, seconds = self.proxy.draw()
        if fault is Fault.SLOW_DOWN:
            self._note(sent_at)
            self._answer(503, [("Content-Type", "application/xml")], SLOW_DOWN)
            self._hang_up()  # its body was not read
        elif fault is Fault.BLACK_HOLE:
            self._note(sent_at)
            self._swallow()
        elif fault is Fault.RESET_REQUEST:
            self._note(sent_at)
            self._break_off()
        else:
            self._forward(fault, seconds, sent_at)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

    def _say(self, answer: bytes, sent_at: float) -> None:
        self._body(self._announced)
        self._note(sent_at)
        self.wfile.write(answer)
        self._hang_up()

    def _forward(self, fault: Fault | None, seconds: float, sent_at: float) -> None:
        body = self._body(self._announced)
        self.proxy.ended.wait(seconds)
        if self.proxy.cut_off.is_set():
            self._cut(sent_at)
            return
        with self._upstream() as connection:
            self._send_head(connection)
            connection.send(body)
            answer = connection.getresponse()
            content = answer.read()
        self._note(sent_at, answer)
        if self.proxy.cut_off.is_set():
            self._count_and_wait()
            self._reset()
        elif fault is Fault.LOST_ANSWER:
            self._hang_up()
        elif fault is Fault.RESET_ANSWER:
            self._answer(answer.status, answer.getheaders(), content, sent=len(content) // 2)
            self._reset()
        else:
            self._answer(answer.status, answer.getheaders(), content)

    def _break_off(self) -> None:
        """The server gets the head and half of the body, if there is one."""
        half = self._body(self._announced // 2)
        if half:
            with self._upstream() as connection:
                self._send_head(connection)
                connection.send(half)
        self._reset()

    def _cut(self, sent_at: float) -> None:
        self._note(sent_at)
        self._count_and_wait()
        self._reset()

    def _count_and_wait(self) -> None:
        self.proxy.count_cut()
        while self.proxy.cut_off.is_set() and not self._client_gone():
            pass

    def _swallow(self) -> None:
        while not self._client_gone():
            pass
        self._hang_up()

    def _client_gone(self) -> bool:
        """Waits a moment. What the client still sends is read and forgotten."""
        if self.proxy.ended.is_set():
            return True
        if select.select([self.connection], [], [], LOOK_SECONDS)[0]:
            try:
                return not self.connection.recv(1 << 16)
            except OSError:
                return True
        return False

    @property
    def _announced(self) -> int:
        return int(self.headers.get("Content-Length", 0))

    def _body(self, size: int) -> bytes:
        if "Transfer-Encoding" in self.headers:
            raise NotImplementedError("this proxy takes bodies of announced length only")
        if size and "Expect" in self.headers:
            self.proxy.ended.wait(self.proxy.weather.latency_seconds)  # to ask first is a way of its own
            self.send_response_only(100)
            self.end_headers()
        body = self.rfile.read(size)
        if len(body) < size:
            raise ConnectionError("the client went away while it sent its body")
        return body

    @contextmanager
    def _upstream(self) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection(urlsplit(self.proxy.upstream).netloc, timeout=SERVER_SECONDS)
        try:
            yield connection
        finally:
            connection.close()

    def _send_head(self, connection: http.client.HTTPConnection) -> None:
        """The request as it came: its signature covers the Host header too."""
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _OF_THE_CONNECTION:
                connection.putheader(name, value)
        if "Content-Length" in self.headers:
            connection.putheader("Content-Length", str(self._announced))
        connection.endheaders()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, sent: int | None = None) -> None:
        """`sent`: how many bytes of the body really follow."""
        named = {name.lower(): value for name, value in headers}
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _OF_THE_CONNECTION:
                self.send_header(name, value)
        if self.command == "HEAD":
            self.send_header("Content-Length", named.get("content-length", "0"))
        elif status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:sent])

    def _note(self, sent_at: float, answer: http.client.HTTPResponse | None = None) -> None:
        parts = urlsplit(self.path)
        key = unquote(parts.path).lstrip("/").partition("/")[2]
        status = None if answer is None else answer.status
        etag = "" if answer is None else answer.getheader("ETag", "").strip('"')
        self.proxy.witness(Exchange(self.proxy.name, self.command, key, parts.query, sent_at, monotonic(), status, etag))

    def _hang_up(self) -> None:
        self.close_connection = True

    def _reset(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
