"""What the S3 client's errors mean to us, in sentences that name the setting to mend and hold no secret."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
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


class Request(Enum):
    """What may be done when its answer is lost."""

    REPEATABLE = "repeatable"  # reads and plain puts
    ONCE = "once"  # deletes
    CONDITIONAL = "conditional"  # creates, and deletes of one ETag: once, and 412 and 409 mean that the condition failed


@dataclass(frozen=True)
class Place:
    """Where the request went, for the sentences."""

    endpoint: str
    bucket: str
    region: str


_REFUSALS = {
    "InvalidAccessKeyId": "{endpoint} does not know this access key: check CLOUDRU_S3_ACCESS_KEY (its form is tenant_id:key_id)",
    "SignatureDoesNotMatch": "{endpoint} does not take this secret key: check CLOUDRU_S3_SECRET_KEY, and that CLOUDRU_S3_ACCESS_KEY is its pair",
    "RequestTimeTooSkewed": "this machine's clock differs too much from that of {endpoint}: set the machine's clock",
    "AccessDenied": "no rights on bucket {bucket} at {endpoint}: check CLOUDRU_S3_BUCKET, and what the owner of CLOUDRU_S3_ACCESS_KEY may do",
    "NoSuchBucket": "no bucket {bucket} at {endpoint}: check CLOUDRU_S3_BUCKET and CLOUDRU_S3_ENDPOINT",
    "InvalidBucketName": "{bucket} cannot be the name of a bucket at {endpoint}: check CLOUDRU_S3_BUCKET",
    "AuthorizationHeaderMalformed": "{endpoint} does not take the region {region}: check WATCHER_STORAGE__REGION and CLOUDRU_S3_ENDPOINT",
    "PermanentRedirect": "bucket {bucket} does not live at {endpoint}: check CLOUDRU_S3_ENDPOINT and WATCHER_STORAGE__REGION",
}
_FORBIDDEN = (
    "{endpoint} refuses us bucket {bucket}: check CLOUDRU_S3_ACCESS_KEY, CLOUDRU_S3_SECRET_KEY, CLOUDRU_S3_BUCKET and this machine's clock"
)
_THROTTLED = {"SlowDown", "RequestTimeout", "Throttling", "TooManyRequests", "RequestLimitExceeded", "ServiceUnavailable"}
_KEY_REFUSALS = {"KeyTooLongError", "InvalidObjectName"}
_NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError)


def code_of(error: ClientError) -> str:
    """The answer's error code; an answer without a body (to a HEAD) has its status instead."""
    return str(error.response.get("Error", {}).get("Code", ""))


def translate(error: ClientError | BotoCoreError, request: Request, key: str, place: Place) -> StoreError:
    """The port's error for the client's. `key` is empty for requests about the bucket itself."""
    if isinstance(error, ClientError):
        return _answered(error, request, _what(key, place), place)
    if isinstance(error, ParamValidationError):
        return _refusal("InvalidBucketName", place)
    if isinstance(error, _NEVER_SENT):
        return UnavailableError(f"cannot connect to {place.endpoint}: is the network up, and CLOUDRU_S3_ENDPOINT right?")
    if isinstance(error, SSLError) and request is Request.REPEATABLE:
        return UnavailableError(
            f"no secure connection to {place.endpoint}: check CLOUDRU_S3_ENDPOINT, and that its certificate is trusted here"
        )
    return no_usable_answer(type(error).__name__, request, key, place)


def no_usable_answer(why: str, request: Request, key: str, place: Place) -> StoreError:
    """The port's error for an answer that never came, was cut off, or lacks something."""
    kind = UnavailableError if request is Request.REPEATABLE else OutcomeUnknownError
    return kind(f"no usable answer ({why}): {_what(key, place)}")


def _answered(error: ClientError, request: Request, what: str, place: Place) -> StoreError:
    code = code_of(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    said = f"answer {status} {code}" if code != str(status) else f"answer {status}"
    if code in _REFUSALS:
        return _refusal(code, place)
    if code == "QuotaExceeded":
        return UnavailableError(f"the quota of bucket {place.bucket} at {place.endpoint} is used up: raise it or remove objects")
    if code == "EntityTooLarge" or status == 413:
        return RefusedError(
            f"the object is larger than the store takes in one request ({said}): {what}: split the document, and lower limits.file_bytes"
        )
    if code in _KEY_REFUSALS:
        return UnstorableKeyError(f"no object can have this name ({said}): {what}")
    if status in (409, 412) and request is Request.CONDITIONAL:
        return AlreadyExistsError(f"refused by its condition ({said}): {what}")
    if (status == 501 or code == "NotImplemented") and request is Request.CONDITIONAL:
        return ConditionUnsupportedError(f"{place.endpoint} does not support conditional requests ({said})")
    if status == 404:
        return NotFoundError(f"no such object ({said}): {what}")
    if status >= 500 or status == 429 or status == 409 or code in _THROTTLED:
        if request is Request.REPEATABLE:
            return UnavailableError(f"the store fails or is too busy ({said}): {what}")
        return OutcomeUnknownError(f"the store failed ({said}): {what}")
    if status in (401, 403):
        return RefusedError(f"{_FORBIDDEN.format(**vars(place))} ({said})")
    return RefusedError(
        f"the store does not take this request ({said}): {what}: check CLOUDRU_S3_ENDPOINT, CLOUDRU_S3_BUCKET and WATCHER_STORAGE__REGION"
    )


def _what(key: str, place: Place) -> str:
    return f"{repr(key) if key else 'bucket ' + place.bucket} at {place.endpoint}"


def _refusal(code: str, place: Place) -> RefusedError:
    return RefusedError(_REFUSALS[code].format(**vars(place)))
