"""Serves an application from a thread of its own, and bounds what any client can make it hold or wait for."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

_REQUEST_HEAD_BYTES = 16 * 1024
_FAREWELL_SECONDS = 1


class HttpServerError(Exception):
    """The server cannot listen where it was told to. The text names the setting to change."""


class _Connections:
    """Those that are open, oldest first. Beyond `most` the oldest that has not asked yet is cut off, so that idle ones never keep the platform's probe out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: dict[H11Protocol, None] = {}

    def add(self, connection: H11Protocol) -> None:
        if len(self._open) >= self._most:
            loser = next((one for one in self._open if one.cycle is None), next(iter(self._open)))
            self.discard(loser)
            loser.transport.abort()
        self._open[connection] = None

    def discard(self, connection: H11Protocol) -> None:
        self._open.pop(connection, None)


def _impatient(seconds: float, connections: _Connections) -> type[H11Protocol]:
    """uvicorn waits without end for a request to begin or to be complete, and has one limit for those who ask and those who do not."""

    class Impatient(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.limit = self.loop.call_later(seconds, transport.abort)
            connections.add(self)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.discard(self)
            self.limit.cancel()
            super().connection_lost(exc)

    return Impatient


class HttpServer:
    """Serves `app` from a daemon thread; signals stay with the main thread. A connection carries one request and lives `connection_seconds` at most; of more than `connections`
    the oldest that has not asked yet is cut off."""

    def __init__(self, app: FastAPI, host: str, port: int, connection_seconds: float = 10.0, connections: int = 512) -> None:
        # Its warnings are about what strangers send, a line for each; its errors are ours.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        self._host = host
        self._port = port
        self._socket: socket.socket | None = None
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=_impatient(connection_seconds, _Connections(connections)),
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=connections,  # fewer would make the platform's probe wait a second to connect when many come at once
                h11_max_incomplete_event_size=_REQUEST_HEAD_BYTES,
                headers=[("Connection", "close")],
                timeout_graceful_shutdown=_FAREWELL_SECONDS,
            )
        )
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on; before the start, the one asked for."""
        return self._port

    def start(self) -> None:
        """Returns once connections are accepted. Raises `HttpServerError`."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            self._socket = socket.create_server((self._host, self._port), family=family)
        except (OSError, OverflowError) as error:
            raise HttpServerError(_explain(error, self._host, self._port)) from None
        self._port = self._socket.getsockname()[1]
        self._thread.start()

    def stop(self) -> None:
        """Answers what is being asked, then closes. May be called twice, or without a start."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_FAREWELL_SECONDS + 5)
        if self._socket is not None:
            self._socket.close()

    def _serve(self) -> None:
        assert self._socket is not None  # noqa: S101 - `start` made it
        self._server.run(sockets=[self._socket])


def _explain(error: Exception, host: str, port: int) -> str:
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EADDRINUSE:
        return f"http.port: {port} is taken by another program; set http.port (WATCHER_HTTP__PORT) to a free one, or to 0 for any"
    if code == errno.EACCES:
        return f"http.port: {port} may not be opened by this user; set http.port (WATCHER_HTTP__PORT) to one above 1023"
    return f"http.host: cannot listen on {host}: {getattr(error, 'strerror', None) or error}; set http.host (WATCHER_HTTP__HOST), such as 0.0.0.0"
