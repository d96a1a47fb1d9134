"""One HTTP client per model server: requests with deadlines of ours, answers of bounded size, faults as values. Runs in an asyncio loop."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from watcher.engines.model_servers.chat import (
    Answer,
    Fault,
    MalformedAnswerError,
    fault_of,
    named,
    pause_asked,
    read_answer,
    read_models,
    told,
)
from watcher.engines.model_servers.options import ServerOptions

_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=0)
"""A connection for each request. Kept ones cost more than they save: a server may close one just when a request is sent on it, and httpcore looks at all
of them for each of them at each request (with 64 in flight, 1.8 s of processor time for 64 requests)."""

ADVICE = {
    Fault.UNREACHABLE: "check ocr.server.url, and that a model server runs there",
    Fault.OVERLOADED: "lower ocr.server.concurrency if this goes on",
    Fault.FAILED: "see the model server's own log",
    Fault.UNAUTHORISED: "set ocr.server.api_key to the key that it asks for",
    Fault.UNKNOWN: "check ocr.server.model, and that ocr.server.url goes up to /v1",
    Fault.REFUSED: "check that ocr.server.url names a server of OpenAI's protocol, up to /v1",
}


class ServerFaultError(Exception):
    """A request came to nothing. The text continues a sentence that begins with the server. `pause`: seconds to spare the server for."""

    def __init__(self, fault: Fault, words: str, pause: float = 0.0) -> None:
        super().__init__(words)
        self.fault = fault
        self.pause = pause


class ModelHttp:
    """`url` up to /v1; user and password in it are sent as such and shown nowhere. Raises ServerFaultError."""

    def __init__(self, url: str, options: ServerOptions, utc_now: Callable[[], datetime]) -> None:
        self.address, authorization, local = _address(url, options.api_key)
        self._options = options
        self._utc_now = utc_now
        self._client = httpx.AsyncClient(
            headers={b"Accept-Encoding": b"identity", b"Content-Type": b"application/json", **authorization},  # no compressed bombs
            timeout=httpx.Timeout(None, connect=options.connect_seconds),  # of the whole, `_fetch` takes care
            limits=_LIMITS,
            trust_env=not local,  # a proxy of the network is not for this machine itself
        )

    async def complete(self, model: str, body: bytes, seconds: float) -> Answer:
        """`body` is `chat.unnamed_body`."""
        try:
            return read_answer(await self._fetch("POST", "/chat/completions", named(body, model), seconds))
        except MalformedAnswerError as error:
            raise ServerFaultError(Fault.REFUSED, f"gave a malformed answer: {error}") from None

    async def models(self, wanted: str) -> str:
        """The name to ask for: `wanted`, or where that is empty the first that the server lists."""
        try:
            listed: Sequence[str] = read_models(await self._fetch("GET", "/models", None, self._options.models_seconds))
        except MalformedAnswerError as error:
            raise ServerFaultError(Fault.REFUSED, f"gave a malformed list of models: {error}") from None
        if wanted and wanted not in listed:
            raise ServerFaultError(Fault.UNKNOWN, f"does not serve the model of ocr.server.model; it serves {told(listed)}")
        return wanted or listed[0]

    async def close(self) -> None:
        await self._client.aclose()

    async def _fetch(self, method: str, path: str, content: bytes | None, seconds: float) -> bytes:
        try:
            return await asyncio.wait_for(self._exchange(method, path, content), seconds)
        except (httpx.ConnectTimeout, httpx.ConnectError, httpx.ProxyError, httpx.InvalidURL) as error:
            raise ServerFaultError(Fault.UNREACHABLE, f"cannot be connected to ({type(error).__name__})") from None
        except asyncio.TimeoutError:
            raise ServerFaultError(Fault.FAILED, f"gave no answer within {seconds:g} s") from None
        except httpx.TransportError as error:
            raise ServerFaultError(Fault.FAILED, f"broke the connection off ({type(error).__name__})") from None

    async def _exchange(self, method: str, path: str, content: bytes | None) -> bytes:
        async with self._client.stream(method, self.address + path, content=content) as response:
            if (fault := fault_of(response.status_code)) is not None:
                pause = pause_asked(response.headers.get("Retry-After"), self._utc_now(), self._options.pause_max_seconds)
                raise ServerFaultError(fault, f"answered {response.status_code}", pause)
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > self._options.answer_bytes:
                    raise ServerFaultError(Fault.REFUSED, f"gave an answer of more than {self._options.answer_bytes} bytes")
            return bytes(body)


def _address(url: str, api_key: str) -> tuple[str, dict[bytes, bytes], bool]:
    """The address without user and password, the header that says who asks, and whether the server is on this machine."""
    parts = urlsplit(url)
    address = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
    local = parts.hostname in ("localhost", "::1") or (parts.hostname or "").startswith("127.")
    if api_key:
        return address, {b"Authorization": f"Bearer {api_key}".encode()}, local
    if parts.username is None:
        return address, {}, local
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return address, {b"Authorization": b"Basic " + base64.b64encode(pair)}, local
