"""What the SDK does by itself between a request and its answer, and must not; and what is told of each answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.utils import determine_content_length

from watcher.storage.s3_errors import WebPageError, is_html

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest, AWSResponse
    from botocore.model import OperationModel
    from mypy_boto3_s3 import S3Client

Observed = Callable[[str, str], None]  # (operation, status)

SENT_AT_ONCE_BYTES = 1 << 20
_ANSWERED_IN_XML = {"ListObjectsV2", "ListObjectVersions", "GetBucketVersioning"}


def attach(client: S3Client, observed: Observed) -> None:
    client.meta.events.register("response-received.s3", _teller(observed))
    client.meta.events.register("before-call.s3", _stay)
    client.meta.events.register("before-sign.s3", _send_small_bodies_at_once)
    client.meta.events.register("after-call.s3", _require_xml)


def _teller(observed: Observed) -> Callable[..., None]:
    def tell(event_name: str, response_dict: dict[str, Any] | None = None, **_: object) -> None:
        observed(event_name.rpartition(".")[2], str(response_dict["status_code"]) if response_dict else "no answer")

    return tell


def _stay(params: dict[str, Any], **_: object) -> None:
    """The SDK looks for a bucket's other region on a redirect, through the same redirect, until its stack is full: it is told that it has been there."""
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


def _send_small_bodies_at_once(request: AWSRequest, **_: object) -> None:
    """The SDK asks before each body whether it is wanted, which costs a round trip; a large one that is refused would cost its transfer."""
    size = determine_content_length(request.data)
    if size is not None and size <= SENT_AT_ONCE_BYTES and "Expect" in request.headers:
        del request.headers["Expect"]


def _require_xml(http_response: AWSResponse, model: OperationModel, **_: object) -> None:
    """Of answers whose content matters to us; some stores call an empty one HTML."""
    if http_response.status_code < 300 and model.name in _ANSWERED_IN_XML and is_html(http_response.headers.get("content-type")):
        raise WebPageError
