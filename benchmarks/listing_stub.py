"""A stand-in for a store whose inbox holds a million objects: it makes up each page of the listing, and keeps what is written in a dictionary.

It checks no credentials and no conditions but `If-None-Match`. Documents cannot be fetched from it.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from watcher.storage.s3 import S3Config

PAGE = 1000
BUCKET = "backlog"
INBOX = "incoming/"
_MARK = "@@@@@@"
_ENTRY = (
    "<Contents><Key>{key}</Key><LastModified>2026-01-01T{at}.000Z</LastModified><ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>"
)
_LISTING = (
    '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{bucket}</Name>'
    "<Prefix>{prefix}</Prefix><MaxKeys>1000</MaxKeys><KeyCount>{count}</KeyCount><IsTruncated>{more}</IsTruncated>{next}{entries}</ListBucketResult>"
)


@dataclass(frozen=True)
class Stub:
    """`log` has a line for each request: method, key without its bucket, query."""

    config: S3Config
    log: Path

    def requests(self) -> list[tuple[str, str, str]]:
        lines = self.log.read_text(encoding="utf-8").splitlines(keepends=True)
        return [tuple(json.loads(line)) for line in lines if line.endswith("\n")]

    def forget(self) -> None:
        self.log.write_bytes(b"")


def stub_config(endpoint: str) -> S3Config:
    return S3Config(endpoint, BUCKET, "test", "test", "ru-central-1", 5.0, 60.0, 1, 8)


@contextmanager
def listing_stub(objects: int, log: Path) -> Iterator[Stub]:
    """In a process of its own. `objects`: a multiple of 1,000, or 0 for an empty inbox."""
    command = [sys.executable, "-m", "benchmarks.listing_stub", str(objects), str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Stub(stub_config(process.stdout.readline().strip()), log)
        finally:
            process.kill()


class _Bucket:
    """Thread-safe."""

    def __init__(self, objects: int) -> None:
        self._pages = objects // PAGE
        self._stored: dict[str, bytes] = {}
        self._lock = threading.Lock()
        entries = "".join(_entry(f"{INBOX}{_MARK}-{number:03}.png", number) for number in range(PAGE))
        self._template = entries.encode()

    def listing(self, prefix: str, after: str) -> bytes:
        if prefix == INBOX and self._pages:
            page = int(after.removeprefix(INBOX)[:6]) + 1 if after else 0
            if page < self._pages:
                return self._inbox_page(page)
        with self._lock:
            keys = sorted(key for key in self._stored if key.startswith(prefix) and key > after)[:PAGE]
        entries = "".join(_entry(key, 0, self._stored.get(key, b"")) for key in keys)
        return _LISTING.format(bucket=BUCKET, prefix=escape(prefix), count=len(keys), more="false", next="", entries=entries).encode()

    def _inbox_page(self, page: int) -> bytes:
        more = page + 1 < self._pages
        token = f"<NextContinuationToken>{INBOX}{page:06}</NextContinuationToken>" if more else ""
        frame = _LISTING.format(bucket=BUCKET, prefix=INBOX, count=PAGE, more=str(more).lower(), next=token, entries=_MARK).encode()
        return frame.replace(_MARK.encode(), self._template.replace(_MARK.encode(), b"%06d" % page))

    def put(self, key: str, body: bytes, *, absent: bool) -> bool:
        with self._lock:
            if absent and key in self._stored:
                return False
            self._stored[key] = body
            return True

    def get(self, key: str) -> bytes | None:
        with self._lock:
            return self._stored.get(key)

    def delete(self, key: str) -> None:
        with self._lock:
            self._stored.pop(key, None)


def _entry(key: str, number: int, body: bytes = b"") -> str:
    at = f"{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
    return _ENTRY.format(key=escape(key), at=at, etag=hashlib.md5(body).hexdigest(), size=len(body) or 100_000)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet: else Nagle's algorithm waits for the other side
    bucket: _Bucket
    note: staticmethod[[str, str, str], None]

    def do_GET(self) -> None:
        key, query = self._place()
        if "versioning" in query:
            self._answer(200, b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>')
        elif not key:
            after = query.get("continuation-token", query.get("start-after", [""]))[0]
            self._answer(200, self.bucket.listing(query.get("prefix", [""])[0], after))
        else:
            self._object(self.bucket.get(key))

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        key, _ = self._place()
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        stored = self.bucket.put(key, body, absent=self.headers.get("if-none-match") == "*")
        self._answer(200 if stored else 412, b"" if stored else _error("PreconditionFailed"), body)

    def do_DELETE(self) -> None:
        key, _ = self._place()
        self.bucket.delete(key)
        self._answer(204, b"")

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _place(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        key = unquote(parts.path.removeprefix(f"/{BUCKET}").removeprefix("/"))
        self.note(self.command, key, parts.query)
        return key, parse_qs(parts.query, keep_blank_values=True)

    def _object(self, body: bytes | None) -> None:
        if body is None:
            self._answer(404, _error("NoSuchKey"))
        else:
            self._answer(200, body, body)

    def _answer(self, status: int, body: bytes, of: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/xml")
        self.send_header("ETag", f'"{hashlib.md5(of).hexdigest()}"')
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()


def _error(code: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message/></Error>'.encode()


def main() -> None:
    """Runs until its standard input ends, as it does with the process that started it."""
    objects, log = sys.argv[1:]
    lock = threading.Lock()
    with Path(log).open("a", encoding="utf-8", buffering=1) as file:

        def note(*request: str) -> None:
            with lock:
                file.write(json.dumps(request) + "\n")

        handler = type("Handler", (_Handler,), {"bucket": _Bucket(int(objects)), "note": staticmethod(note)})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
