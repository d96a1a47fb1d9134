"""An HTTP server that gives prepared answers, or none, and remembers what it was asked."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

NO_ANSWER = b""  # the connection is closed instead
SILENCE = b"silence"  # the connection stays open until the server ends


@dataclass
class Canned:
    """Answers in turn, the last one for ever. `requests` holds the heads received, as text."""

    answers: Sequence[bytes]
    endpoint: str = ""
    requests: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, head: str) -> bytes:
        with self.lock:
            self.requests.append(head)
            return self.answers[min(len(self.requests), len(self.answers)) - 1]


def reply(status: int, body: str = "", *, code: str = "", length: int | None = None, **headers: str) -> bytes:
    """An answer of S3; `code` makes it an error document, `length` a lie about the body's length."""
    if code:
        body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>said so</Message></Error>"
    named = {"Content-Length": str(len(body) if length is None else length), "Connection": "close", "Date": "Mon, 01 Jan 2024 00:00:00 GMT"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in named.items()), "", body]
    return "\r\n".join(lines).encode()


@contextmanager
def run_canned(*answers: bytes) -> Iterator[Canned]:
    canned = Canned(answers)
    ended = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = []
            while (line := self.rfile.readline().decode().rstrip("\r\n")) != "":
                head.append(line)
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
            if headers.get("expect"):
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.rfile.read(int(headers.get("content-length", 0)))
            answer = canned.answer("\n".join(head))
            if answer is SILENCE:
                ended.wait()
            else:
                self.wfile.write(answer)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        address_family = socket.AF_INET

    with Server(("127.0.0.1", 0), Handler) as server:
        canned.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield canned
        finally:
            ended.set()
            server.shutdown()
            thread.join()
