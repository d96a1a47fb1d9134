"""Requests about one object, put on the wire without the SDK's layers above its transport, which take three quarters of the time of a small request.

The transport is the SDK's own, so that proxies, certificates, timeouts and errors are as in its other requests.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, ParamValidationError
from botocore.handlers import VALID_BUCKET
from botocore.httpsession import URLLib3Session
from botocore.parsers import create_parser

from watcher import __version__
from watcher.storage.s3_client import Observed
from watcher.storage.s3_errors import is_passing
from watcher.storage.s3_signature import Signer

SENT_AT_ONCE_BYTES = 1 << 20
"""A larger body is sent once the store has said that it wants it: a refused one would cost its transfer. A smaller one would cost a round trip."""
_LONGEST_PAUSE = 20.0  # seconds
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Timing:
    """When requests are made and repeated: the time in UTC, how to wait for so many seconds, and numbers in [0, 1)."""

    now: Callable[[], datetime]
    wait: Callable[[float], None]
    jitter: Callable[[], float]


class Wire:
    """One bucket at `endpoint`. Any thread may send."""

    def __init__(
        self, endpoint: str, bucket: str, signer: Signer, transport: URLLib3Session, attempts: int, observed: Observed, timing: Timing
    ) -> None:
        parts = urlsplit(endpoint)
        self._host = parts.hostname or "" if parts.port == _DEFAULT_PORTS.get(parts.scheme) else parts.netloc
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._folder = f"{parts.path.rstrip('/')}/{bucket}/"
        self._bucket = bucket
        self._signer = signer
        self._transport = transport
        self._attempts = attempts
        self._observed = observed
        self._timing = timing

    def send(
        self,
        operation: str,
        method: str,
        key: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | Path = b"",
        query: str = "",
        *,
        repeat: bool,
        stream: bool = False,
    ) -> AWSResponse:
        """The store's answer; with `stream` its body was not read yet, and `raw` is to be closed. `repeat`: again where that may help, so many times in all.

        `operation` is the SDK's name for it. Raises `ClientError` for answers from 300 on and the SDK's other errors for the lack of one, as its own
        clients do; `OSError` where the body's file cannot be read.
        """
        if not VALID_BUCKET.fullmatch(self._bucket):
            raise ParamValidationError(report="no bucket can have this name")
        for attempt in range(1, self._attempts if repeat else 1):
            try:
                return self._send(operation, method, key, headers or {}, body, query, stream)
            except (ClientError, ConnectionError, HTTPClientError) as error:
                if not is_passing(error):
                    raise
            self._timing.wait(min(self._timing.jitter() * 2 ** (attempt - 1), _LONGEST_PAUSE))
        return self._send(operation, method, key, headers or {}, body, query, stream)

    def _send(
        self, operation: str, method: str, key: str, headers: Mapping[str, str], body: bytes | Path, query: str, stream: bool
    ) -> AWSResponse:
        status = "no answer"
        path = self._folder + quote(key, safe="/~")
        try:
            with ExitStack() as opened:
                content, size, digest = _measured(body, opened)
                signed = self._signer.signed(method, path, query, {**headers, "Host": self._host}, digest, self._timing.now())
                signed["User-Agent"] = f"paddleocr-watcher/{__version__}"
                if method == "PUT":
                    signed["Content-Length"] = str(size)
                if size > SENT_AT_ONCE_BYTES:
                    signed["Expect"] = "100-continue"
                url = f"{self._origin}{path}{'?' if query else ''}{query}"
                prepared = AWSPreparedRequest(method, url, HeadersDict(signed), content, stream)  # type: ignore[arg-type, unused-ignore]
                answer = self._transport.send(prepared)
            status = str(answer.status_code)
            if answer.status_code >= 300:
                raise _refusal(operation, answer)
            return answer
        finally:
            self._observed(operation, status)


def _measured(body: bytes | Path, opened: ExitStack) -> tuple[bytes | IO[bytes] | None, int, str]:
    """What is to be sent, its size in bytes, and its SHA-256. Of a large file, a stream that `opened` closes."""
    if isinstance(body, Path):
        if body.stat().st_size > SENT_AT_ONCE_BYTES:
            stream = opened.enter_context(body.open("rb"))
            size = os.fstat(stream.fileno()).st_size
            digest = hashlib.sha256()
            while chunk := stream.read(SENT_AT_ONCE_BYTES):
                digest.update(chunk)
            stream.seek(0)
            return stream, size, digest.hexdigest()
        body = body.read_bytes()
    return body or None, len(body), hashlib.sha256(body).hexdigest()


def _refusal(operation: str, answer: AWSResponse) -> ClientError:
    """As the SDK would put it."""
    found: dict[str, Any] = {"status_code": answer.status_code, "headers": answer.headers, "body": answer.content}
    return ClientError(create_parser("rest-xml").parse(found, None), operation)  # type: ignore[arg-type, unused-ignore]
