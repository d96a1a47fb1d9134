"""What the S3 client's errors mean to us. The sentences about causes stand in `reasons`; here is added where and at what it happened."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from watcher.storage.port import (
    AlreadyExistsError,
    ConditionUnsupportedError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    StoreError,
    UnavailableError,
    UnstorableKeyError,
)
from watcher.storage.reasons import REASONS, Reason


class Request(Enum):
    """What may be done when its answer is lost."""

    REPEATABLE = "repeatable"  # reads and plain puts
    ONCE = "once"  # deletes
    CONDITIONAL = "conditional"  # creates, and deletes of one ETag: once, and 412 and 409 mean that the condition failed


@dataclass(frozen=True)
class Place:
    """Where the request went, for the log."""

    endpoint: str
    bucket: str
    region: str


class WebPageError(BotoCoreError):  # type: ignore[misc, unused-ignore]
    """A web page came where the protocol has XML: the SDK would take it for an empty listing."""

    fmt = "a web page"


_REFUSALS = {
    "InvalidAccessKeyId": Reason.UNKNOWN_ACCESS_KEY,
    "SignatureDoesNotMatch": Reason.WRONG_SECRET,
    "RequestTimeTooSkewed": Reason.WRONG_CLOCK,
    "AccessDenied": Reason.NO_RIGHTS,
    "NoSuchBucket": Reason.NO_SUCH_BUCKET,
    "InvalidBucketName": Reason.BAD_BUCKET_NAME,
    "AuthorizationHeaderMalformed": Reason.WRONG_REGION,
    "PermanentRedirect": Reason.WRONG_ENDPOINT,
    "TemporaryRedirect": Reason.WRONG_ENDPOINT,
}
_FULL = {"QuotaExceeded", "InsufficientStorage", "InsufficientCapacity"}
_THROTTLED = {"SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "RequestLimitExceeded"}
_KEY_REFUSALS = {"KeyTooLongError", "InvalidObjectName"}
_INSUFFICIENT_STORAGE = 507


def code_of(error: ClientError) -> str:
    """The answer's error code; an answer without a body (to a HEAD) has its status instead."""
    return str(error.response.get("Error", {}).get("Code", ""))


def translate(error: ClientError | BotoCoreError, request: Request, key: str, place: Place) -> StoreError:
    """The port's error for the client's. `key` is empty for requests about the bucket itself."""
    what = _what(key, place)
    if isinstance(error, ClientError):
        return _answered(error, request, what)
    if isinstance(error, ParamValidationError):
        return RefusedError(_text(Reason.BAD_BUCKET_NAME, what), Reason.BAD_BUCKET_NAME)
    if isinstance(error, (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)):
        return _never_sent(error, what)
    reason = Reason.BROKEN_ANSWER
    if isinstance(error, SSLError):
        reason = Reason.NO_SECURE_CONNECTION
    elif isinstance(error, ReadTimeoutError):
        reason = Reason.NO_ANSWER
    elif isinstance(error, WebPageError):
        reason = Reason.NOT_S3
    return _no_usable_answer(reason, type(error).__name__, request, what)


def no_usable_answer(why: str, request: Request, key: str, place: Place) -> StoreError:
    """The port's error for an answer that was cut off, or lacks something."""
    return _no_usable_answer(Reason.BROKEN_ANSWER, why, request, _what(key, place))


def _no_usable_answer(reason: Reason, why: str, request: Request, what: str) -> StoreError:
    kind = UnavailableError if request is Request.REPEATABLE else OutcomeUnknownError
    return kind(f"no usable answer ({why}): {_text(reason, what)}", reason)


def _never_sent(error: BotoCoreError, what: str) -> StoreError:
    reason = Reason.NO_CONNECTION
    if isinstance(error, ProxyConnectionError):
        reason = Reason.PROXY_REFUSES
    elif any(isinstance(cause, socket.gaierror) for cause in _causes(error)):
        reason = Reason.NAME_NOT_RESOLVED
    return UnavailableError(_text(reason, what), reason)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _answered(error: ClientError, request: Request, what: str) -> StoreError:
    code = code_of(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    about = f"{f'answer {status} {code}'.strip() if code != str(status) else f'answer {status}'}: {what}"
    if code in _REFUSALS or 300 <= status < 400:
        reason = _REFUSALS.get(code, Reason.WRONG_ENDPOINT)
        return RefusedError(_text(reason, about), reason)
    if code == "EntityTooLarge" or status == 413:
        return RefusedError(_text(Reason.OBJECT_TOO_LARGE, about), Reason.OBJECT_TOO_LARGE)
    if code in _KEY_REFUSALS:
        return UnstorableKeyError(f"no object can have this name ({about})")
    if status in (409, 412) and request is Request.CONDITIONAL:
        return AlreadyExistsError(f"refused by its condition ({about})")
    if (status == 501 or code == "NotImplemented") and request is Request.CONDITIONAL:
        return ConditionUnsupportedError(f"the store does not support conditional requests ({about})", Reason.REFUSED)
    if code == "QuotaExceeded":
        return UnavailableError(_text(Reason.STORE_FULL, about), Reason.STORE_FULL)
    page = _is_web_page(error)
    if status == 404 and not page:
        return NotFoundError(f"no such object ({about})")
    if status >= 500 or status in (409, 429) or code in (*_THROTTLED, "RequestTimeout"):
        return _failing(Reason.NOT_S3 if page else _cause_of_failure(status, code), request, about)
    reason = Reason.NOT_S3 if page else Reason.REFUSED
    return RefusedError(_text(reason, about), reason)


def _failing(reason: Reason, request: Request, about: str) -> StoreError:
    kind = UnavailableError if request is Request.REPEATABLE else OutcomeUnknownError
    return kind(_text(reason, about), reason)


def _cause_of_failure(status: int, code: str) -> Reason:
    if code in _FULL or status == _INSUFFICIENT_STORAGE:
        return Reason.STORE_FULL
    if code in _THROTTLED or status == 429:
        return Reason.THROTTLED
    return Reason.NO_ANSWER if code == "RequestTimeout" else Reason.STORE_FAILING


def _is_web_page(error: ClientError) -> bool:
    """An answer with an error code is none, whatever it calls itself; nor can a HEAD tell, whose answer has no body."""
    if code_of(error) not in ("", str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode"))):
        return False
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return error.operation_name != "HeadObject" and is_html(headers.get("content-type"))


def is_html(content_type: str | None) -> bool:
    return (content_type or "").lower().startswith("text/html")


def _what(key: str, place: Place) -> str:
    return f"{repr(key) + ' in ' if key else ''}bucket {place.bucket} at {place.endpoint}, region {place.region}"


def _text(reason: Reason, about: str) -> str:
    return f"{REASONS[reason].sentence} ({about})"
