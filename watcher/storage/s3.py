"""A bucket of Cloud.ru Object Storage, or of any store with the S3 protocol."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody
from urllib3.exceptions import HTTPError

from watcher.storage import s3_copy
from watcher.storage.port import (
    MAX_GET_BYTES,
    MAX_KEY_BYTES,
    NotFoundError,
    ObjectInfo,
    ObjectVersion,
    RefusedError,
    TooLargeError,
    UnavailableError,
    UnstorableKeyError,
)
from watcher.storage.reasons import Reason
from watcher.storage.s3_client import Observed, S3Config, attach, new_client, new_transport
from watcher.storage.s3_errors import Place, Request, code_of, no_usable_answer, translate
from watcher.storage.s3_signature import Signer
from watcher.storage.s3_wire import Timing, Wire

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import DeleteMarkerEntryTypeDef, ObjectVersionTypeDef

__all__ = ["S3Config", "S3Store"]

CHUNK_BYTES = 1 << 20
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VERSIONING_UNKNOWN = {"AccessDenied", "NotImplemented", "MethodNotAllowed"}


_REAL = Timing(lambda: datetime.now(timezone.utc), time.sleep, random.random)


def _tell_nobody(operation: str, status: str) -> None:
    pass


class S3Store:
    """Requests that may be sent twice are repeated; creates and deletes are sent once, because a repeat hides what the first did. Those about one
    object, which are nearly all, go by `Wire`; listings and copies by the SDK.

    Errors in reading a body's file or in writing a download's target are the caller's and stay `OSError`. Raises `RefusedError` where the
    endpoint is no address, or where AWS variables of the environment name what is not there. `observed` is told the operation and the status of every answer, those that the SDK asks again for included.
    """

    def __init__(self, config: S3Config, observed: Observed = _tell_nobody, timing: Timing = _REAL) -> None:
        self._bucket = config.bucket
        self._place = Place(config.endpoint, config.bucket, config.region)
        try:
            session = botocore.session.Session()
            self._client = new_client(session, config)
            signer = Signer(config.access_key, config.secret_key, config.region)
            self._wire = Wire(config.endpoint, config.bucket, signer, new_transport(session, config), config.attempts, observed, timing)
        except ValueError:
            raise RefusedError(
                f"{config.endpoint!r} is no address: CLOUDRU_S3_ENDPOINT has the form https://s3.cloud.ru", Reason.WRONG_ENDPOINT
            ) from None
        except BotoCoreError as error:
            raise RefusedError(f"this machine's settings for Amazon's tools are in the way (AWS_... variables, ~/.aws): {error}") from None
        attach(self._client, observed)

    @property
    def location(self) -> str:
        return f"s3://{self._bucket} at {self._place.endpoint}"

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """Asks with the part of `prefix` and `after` that an answer can repeat, and leaves out what comes too much."""
        paginator = self._client.get_paginator("list_objects_v2")
        pages = iter(paginator.paginate(Bucket=self._bucket, Prefix=_repeatable(prefix), StartAfter=_repeatable(after)))
        while True:
            with self._translated(Request.REPEATABLE):
                page = next(pages, None)
            if page is None:
                return
            for entry in page.get("Contents", []):
                if entry["Key"].startswith(prefix) and entry["Key"].encode() > after.encode():
                    yield ObjectInfo(entry["Key"], entry["Size"], _bare(entry["ETag"]), entry["LastModified"])

    def head(self, key: str) -> ObjectInfo:
        _check(key)
        try:
            with self._translated(Request.REPEATABLE, key):
                return _described(key, self._wire.send("HeadObject", "HEAD", key, repeat=True))
        except (NotFoundError, RefusedError):
            self._explain()
            raise

    def get(self, key: str) -> tuple[ObjectInfo, bytes]:
        info, stream = self._open(key)
        with closing(stream):
            _require_small(info)
            return info, b"".join(self._chunks(info, stream))

    def download(self, key: str, target: Path, max_bytes: int) -> ObjectInfo:
        info, stream = self._open(key)
        with closing(stream), target.open("wb") as out:
            if info.size > max_bytes:
                raise TooLargeError(f"{key!r} has {info.size:,} bytes, more than the limit of {max_bytes:,}")
            for chunk in self._chunks(info, stream):
                out.write(chunk)
        return info

    def create(self, key: str, body: bytes | Path, content_type: str) -> str:
        """Raises `ConditionUnsupportedError` where the store says that it has no conditional requests."""
        return self._put(Request.CONDITIONAL, key, body, {"Content-Type": content_type, "If-None-Match": "*"})

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        return self._put(Request.REPEATABLE, key, body, {"Content-Type": content_type})

    def _put(self, request: Request, key: str, body: bytes | Path, headers: dict[str, str]) -> str:
        _check(key)
        with self._translated(request, key):
            answer = self._wire.send("PutObject", "PUT", key, headers, body, repeat=request is Request.REPEATABLE)
            return _bare(_header(answer, "ETag"))

    def copy(self, source: str, etag: str, target: str, content_type: str) -> str:
        """Conditions on copies are ignored by some stores, so we look ourselves, before and after."""
        _check(target)
        size = self._standing(source, etag).size
        with self._translated(Request.REPEATABLE, target):
            if size <= s3_copy.LARGEST_COPY_BYTES:
                s3_copy.copy_whole(self._client, self._bucket, source, target, content_type)
            else:
                s3_copy.copy_parts(self._client, self._bucket, source, size, target, content_type)
        self._standing(source, etag)
        copied = self.head(target)
        if copied.size != size:
            raise UnavailableError(f"{copied.size:,} of {size:,} bytes were copied to {target!r}", Reason.BROKEN_ANSWER)
        return copied.etag

    def _standing(self, key: str, etag: str) -> ObjectInfo:
        info = self.head(key)
        if info.etag != etag:
            raise NotFoundError(f"another version stands under {key!r}")
        return info

    def delete(self, key: str) -> None:
        self._delete(Request.ONCE, key)

    def delete_matching(self, key: str, etag: str) -> None:
        with suppress(NotFoundError):
            self._delete(Request.CONDITIONAL, key, {"If-Match": f'"{etag}"'})

    def _delete(self, request: Request, key: str, headers: dict[str, str] | None = None, query: str = "") -> None:
        _check(key)
        with self._translated(request, key):
            self._wire.send("DeleteObject", "DELETE", key, headers, query=query, repeat=False)

    def is_versioned(self) -> bool:
        """A bucket whose versioning we may not ask for, or whose store has none, counts as not versioned; a suspended one too."""
        with self._translated(Request.REPEATABLE):
            try:
                answer = self._client.get_bucket_versioning(Bucket=self._bucket)
            except ClientError as error:
                if code_of(error) in _VERSIONING_UNKNOWN:
                    return False
                raise
        return answer.get("Status") == "Enabled"

    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        """Where a version and a delete marker have the same time (some stores tell seconds only), the version comes first."""
        _check(key)
        if not self.is_versioned():
            return ()
        found: list[tuple[bool, float, ObjectVersion]] = []
        with self._translated(Request.REPEATABLE, key):
            for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=_repeatable(key)):
                found += [_version(entry, _bare(entry["ETag"])) for entry in page.get("Versions", []) if entry["Key"] == key]
                found += [_version(entry, "") for entry in page.get("DeleteMarkers", []) if entry["Key"] == key]
        found.sort(key=lambda entry: entry[:2], reverse=True)
        return tuple(version for _, _, version in found)

    def delete_version(self, key: str, version_id: str) -> None:
        self._delete(Request.ONCE, key, query=f"versionId={quote(version_id, safe='')}")

    def _open(self, key: str) -> tuple[ObjectInfo, StreamingBody]:
        _check(key)
        with self._translated(Request.REPEATABLE, key):
            answer = self._wire.send("GetObject", "GET", key, repeat=True, stream=True)
            with ExitStack() as unless_returned:
                unless_returned.callback(answer.raw.close)
                info = _described(key, answer)
                unless_returned.pop_all()
            return info, StreamingBody(answer.raw, info.size)

    def _chunks(self, info: ObjectInfo, stream: StreamingBody) -> Iterator[bytes]:
        """The body, which must be as long as announced: a short one is an outage, never a short document."""
        received = 0
        while True:
            with self._translated(Request.REPEATABLE, info.key):
                chunk = stream.read(CHUNK_BYTES)
            if not chunk:
                break
            received += len(chunk)
            yield chunk
        if received != info.size:
            raise UnavailableError(
                f"{received:,} of {info.size:,} bytes came: {info.key!r} at {self._place.endpoint}", Reason.BROKEN_ANSWER
            )

    def _explain(self) -> None:
        """Raises what is really wrong with the key or the bucket: answers to HEAD have no body to say it, so another request asks."""
        with self._translated(Request.REPEATABLE):
            self._client.list_objects_v2(Bucket=self._bucket, MaxKeys=1)

    @contextmanager
    def _translated(self, request: Request, key: str = "") -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise translate(error, request, key, self._place) from None
        except HTTPError as error:  # the SDK lets these through where the body of a refusal to a download breaks off
            raise no_usable_answer(type(error).__name__, request, key, self._place) from None
        except KeyError as missing:  # the SDK hands on answers that lack what the protocol promises
            raise no_usable_answer(f"it has no {missing.args[0]}", request, key, self._place) from None


def _repeatable(text: str) -> str:
    """The beginning of a text up to the first character that XML cannot hold: Ceph 16.2 repeats it raw, and the answer cannot be parsed."""
    unspeakable = _NOT_IN_XML.search(text)
    return text[: unspeakable.start()] if unspeakable else text


def _check(key: str) -> None:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise UnstorableKeyError(f"not Unicode text: {key!r}") from None
    if not 1 <= size <= MAX_KEY_BYTES:
        raise UnstorableKeyError(f"a key has 1 to {MAX_KEY_BYTES:,} bytes, this one has {size:,}")


def _require_small(info: ObjectInfo) -> None:
    if info.size > MAX_GET_BYTES:
        raise TooLargeError(f"{info.key!r} has {info.size:,} bytes, more than anything that we wrote")


def _described(key: str, answer: AWSResponse) -> ObjectInfo:
    """Raises `KeyError` where a header is missing, or is not what it is to be."""
    etag, size, modified = (_header(answer, name) for name in ("ETag", "Content-Length", "Last-Modified"))
    if not size.isdecimal():
        raise KeyError("Content-Length")
    try:
        return ObjectInfo(key, int(size), _bare(etag), parsedate_to_datetime(modified))
    except ValueError:
        raise KeyError("Last-Modified") from None


def _header(answer: AWSResponse, name: str) -> str:
    if name not in answer.headers:
        raise KeyError(name)
    return str(answer.headers[name])


def _bare(etag: str) -> str:
    return etag.strip('"')


def _version(entry: ObjectVersionTypeDef | DeleteMarkerEntryTypeDef, etag: str) -> tuple[bool, float, ObjectVersion]:
    return entry["IsLatest"], entry["LastModified"].timestamp(), ObjectVersion(entry["VersionId"], etag, not etag)
