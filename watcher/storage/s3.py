"""A bucket of Cloud.ru Object Storage, or of any store with the S3 protocol. The only import of boto3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import boto3.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from watcher import __version__
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
from watcher.storage.s3_client import Observed, attach, new_session
from watcher.storage.s3_errors import Place, Request, code_of, no_usable_answer, translate

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import DeleteMarkerEntryTypeDef, ObjectVersionTypeDef

CHUNK_BYTES = 1 << 20
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VERSIONING_UNKNOWN = {"AccessDenied", "NotImplemented", "MethodNotAllowed"}


def _tell_nobody(operation: str, status: str) -> None:
    pass


@dataclass(frozen=True)
class S3Config:
    """How to reach one bucket. Times in seconds; `attempts` counts the first one too, and applies to reads and plain puts alone."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str
    connect_timeout: float
    read_timeout: float
    attempts: int
    pool_size: int


class S3Store:
    """Requests that may be sent twice are repeated by the SDK; creates and deletes are sent once, because a repeat hides what the first did.

    Errors in reading a body's file or in writing a download's target are the caller's and stay `OSError`. Raises `RefusedError` where the
    endpoint is no address, or where AWS variables of the environment name what is not there. `observed` is told the operation and the status of every answer, those that the SDK asks again for included.
    """

    def __init__(self, config: S3Config, observed: Observed = _tell_nobody) -> None:
        self._bucket = config.bucket
        self._place = Place(config.endpoint, config.bucket, config.region)
        try:
            session = new_session()
            self._patient = _client(session, config, config.attempts)
            self._once = _client(session, config, 1)
        except ValueError:
            raise RefusedError(
                f"{config.endpoint!r} is no address: CLOUDRU_S3_ENDPOINT has the form https://s3.cloud.ru", Reason.WRONG_ENDPOINT
            ) from None
        except BotoCoreError as error:
            raise RefusedError(f"this machine's settings for Amazon's tools are in the way (AWS_... variables, ~/.aws): {error}") from None
        for client in (self._patient, self._once):
            attach(client, observed)

    @property
    def location(self) -> str:
        return f"s3://{self._bucket} at {self._place.endpoint}"

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """Asks with the part of `prefix` and `after` that an answer can repeat, and leaves out what comes too much."""
        paginator = self._patient.get_paginator("list_objects_v2")
        pages = iter(paginator.paginate(Bucket=self._bucket, Prefix=_repeatable(prefix), StartAfter=_repeatable(after)))
        while True:
            with self._translated(Request.REPEATABLE):
                page = next(pages, None)
                if page is None:
                    return
                found = [ObjectInfo(one["Key"], one["Size"], _bare(one["ETag"]), one["LastModified"]) for one in page.get("Contents", [])]
            yield from (info for info in found if info.key.startswith(prefix) and info.key.encode() > after.encode())

    def head(self, key: str) -> ObjectInfo:
        _check(key)
        try:
            with self._translated(Request.REPEATABLE, key):
                answer = self._patient.head_object(Bucket=self._bucket, Key=key)
                return ObjectInfo(key, answer["ContentLength"], _bare(answer["ETag"]), answer["LastModified"])
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
        _check(key)
        with _opened(body) as content, self._translated(Request.CONDITIONAL, key):
            answer = self._once.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type, IfNoneMatch="*")
            return _bare(answer["ETag"])

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        _check(key)
        with _opened(body) as content, self._translated(Request.REPEATABLE, key):
            answer = self._patient.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type)
            return _bare(answer["ETag"])

    def copy(self, source: str, etag: str, target: str, content_type: str) -> str:
        """Conditions on copies are ignored by some stores, so we look ourselves, before and after."""
        _check(target)
        size = self._standing(source, etag).size
        with self._translated(Request.REPEATABLE, target):
            if size <= s3_copy.LARGEST_COPY_BYTES:
                s3_copy.copy_whole(self._patient, self._bucket, source, target, content_type)
            else:
                s3_copy.copy_parts(self._patient, self._bucket, source, size, target, content_type)
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
        _check(key)
        with self._translated(Request.ONCE, key):
            self._once.delete_object(Bucket=self._bucket, Key=key)

    def delete_matching(self, key: str, etag: str) -> None:
        _check(key)
        try:
            with self._translated(Request.CONDITIONAL, key):
                self._once.delete_object(Bucket=self._bucket, Key=key, IfMatch=f'"{etag}"')
        except NotFoundError:
            return

    def is_versioned(self) -> bool:
        """A bucket whose versioning we may not ask for, or whose store has none, counts as not versioned; a suspended one too."""
        with self._translated(Request.REPEATABLE):
            try:
                answer = self._patient.get_bucket_versioning(Bucket=self._bucket)
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
            for page in self._patient.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=_repeatable(key)):
                found += [_version(entry, _bare(entry["ETag"])) for entry in page.get("Versions", []) if entry["Key"] == key]
                found += [_version(entry, "") for entry in page.get("DeleteMarkers", []) if entry["Key"] == key]
        found.sort(key=lambda entry: entry[:2], reverse=True)
        return tuple(version for _, _, version in found)

    def delete_version(self, key: str, version_id: str) -> None:
        _check(key)
        with self._translated(Request.ONCE, key):
            self._once.delete_object(Bucket=self._bucket, Key=key, VersionId=version_id)

    def _open(self, key: str) -> tuple[ObjectInfo, StreamingBody]:
        _check(key)
        with self._translated(Request.REPEATABLE, key):
            answer = self._patient.get_object(Bucket=self._bucket, Key=key)
            return ObjectInfo(key, answer["ContentLength"], _bare(answer["ETag"]), answer["LastModified"]), answer["Body"]

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
            self._patient.list_objects_v2(Bucket=self._bucket, MaxKeys=1)

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
        except ValueError:  # nor does the SDK look whether a size is a number, or a time one
            raise no_usable_answer("a size or a time in it is none", request, key, self._place) from None


def _client(session: boto3.session.Session, config: S3Config, attempts: int) -> S3Client:
    return session.client(
        "s3",
        endpoint_url=config.endpoint,
        region_name=config.region,
        aws_access_key_id=config.access_key,
        aws_secret_access_key=config.secret_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=config.connect_timeout,
            read_timeout=config.read_timeout,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            max_pool_connections=config.pool_size,
            user_agent=f"paddleocr-watcher/{__version__}",  # the SDK puts its own together anew for each request, which takes as long as signing it
            # checksums in trailers, the SDK's default, are refused by stores that are not Amazon's
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


@contextmanager
def _opened(body: bytes | Path) -> Iterator[bytes | IO[bytes]]:
    if isinstance(body, bytes):
        yield body
    else:
        with body.open("rb") as content:
            yield content


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


def _bare(etag: str) -> str:
    return etag.strip('"')


def _version(entry: ObjectVersionTypeDef | DeleteMarkerEntryTypeDef, etag: str) -> tuple[bool, float, ObjectVersion]:
    return entry["IsLatest"], entry["LastModified"].timestamp(), ObjectVersion(entry["VersionId"], etag, not etag)
