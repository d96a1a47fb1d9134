"""What lies between a program and a store that is far: bytes on their way to the store are held back, and the requests among them are told of.

The tests' proxy takes each request apart, which costs several times as much as what the store does for it: on few cores that would be measured, and
not the daemon. This one hands bytes on as they come, and reads no more than the heads of requests and the first line of each answer.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from time import monotonic
from urllib.parse import unquote, urlsplit

_END_OF_HEAD = b"\r\n\r\n"
_CONTINUE = re.compile(rb"\AHTTP/1\.1 100 .*?\r\n\r\n", re.DOTALL)
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Request:
    """Times are of the machine's monotonic clock. `status` is 0 where nothing was answered; `key` is unquoted and without its bucket."""

    method: str
    key: str
    query: str
    status: int
    sent_at: float
    answered_at: float


Witness = Callable[[Request], None]


async def serve(upstream: str, seconds: float, witness: Witness) -> asyncio.Server:
    """On a free port of the loopback, in front of the store `upstream` (http://host:port)."""
    return await asyncio.get_running_loop().create_server(lambda: _Near(upstream, seconds, witness), "127.0.0.1", 0)


class _Near(asyncio.Protocol):
    """The end of a connection that its client holds. It sends a request only after the answer to the one before, as the SDK does."""

    def __init__(self, upstream: str, seconds: float, witness: Witness) -> None:
        store = urlsplit(upstream)
        self._upstream = (store.hostname or "", store.port or 80)
        self._seconds = seconds
        self._witness = witness
        self._loop = asyncio.get_running_loop()
        self._held: deque[bytes] = deque()
        self._far: asyncio.WriteTransport | None = None
        self._head = b""
        self._body_left = 0
        self._asked: Request | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.pause_reading()
        self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        try:
            far, _ = await self._loop.create_connection(lambda: _Far(self), *self._upstream)
        except OSError:
            self.transport.close()
            return
        self._far = far
        self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._read(data)
        self._held.append(data)
        self._loop.call_later(self._seconds, self._hand_on)

    def connection_lost(self, error: Exception | None) -> None:
        if self._far:
            self._loop.call_later(self._seconds, self._far.close)

    def answered(self, data: bytes) -> None:
        status = _CONTINUE.sub(b"", data)[9:12]
        if self._asked and status:
            asked, self._asked = self._asked, None
            self._body_left = 0  # one that was refused before its body is never sent
            self._witness(Request(asked.method, asked.key, asked.query, int(status), asked.sent_at, monotonic()))
        self.transport.write(data)

    def ended(self) -> None:
        """The store has closed the connection."""
        if self._asked:
            self._witness(self._asked)
        self.transport.close()

    def _hand_on(self) -> None:
        if self._far:
            self._far.write(self._held.popleft())

    def _read(self, data: bytes) -> None:
        skipped = min(self._body_left, len(data))
        self._body_left -= skipped
        self._head += data[skipped:]
        head, found, rest = self._head.partition(_END_OF_HEAD)
        if not found:
            return
        length = _LENGTH.search(head)
        self._body_left = (int(length[1]) if length else 0) - len(rest)
        self._head = b""
        method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
        path = urlsplit(target)
        key = unquote(path.path).removeprefix("/").partition("/")[2]
        self._asked = Request(method, key, path.query, 0, monotonic(), 0.0)


class _Far(asyncio.Protocol):
    """The end that the store holds."""

    def __init__(self, near: _Near) -> None:
        self._near = near

    def data_received(self, data: bytes) -> None:
        self._near.answered(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._near.ended()


def main() -> None:
    """Runs until its standard input ends, as it does with the process that started it."""
    upstream, seconds, log = sys.argv[1:]
    with Path(log).open("a", encoding="utf-8", buffering=1) as file:

        def note(seen: Request) -> None:
            file.write(json.dumps(astuple(seen)) + "\n")

        asyncio.run(_serve(upstream, float(seconds), note))


async def _serve(upstream: str, seconds: float, note: Witness) -> None:
    server = await serve(upstream, seconds, note)
    host, port = server.sockets[0].getsockname()
    print(f"http://{host}:{port}", flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    main()
