"""The SDK's client and its transport, the only import of boto3: what they do by themselves and must not, and what is told of each answer."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from watcher.storage.s3_errors import WebPageError, is_html

if TYPE_CHECKING:
    import botocore.session
    from botocore.awsrequest import AWSResponse
    from botocore.model import OperationModel
    from mypy_boto3_s3 import S3Client

Observed = Callable[[str, str], None]  # (operation, status)

_ANSWERED_IN_XML = {"ListObjectsV2", "ListObjectVersions", "GetBucketVersioning"}


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


def new_client(session: botocore.session.Session, config: S3Config) -> S3Client:
    return boto3.session.Session(botocore_session=session).client(
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
            retries={"total_max_attempts": config.attempts, "mode": "standard"},
            max_pool_connections=config.pool_size,
            # checksums in trailers, the SDK's default, are refused by stores that are not Amazon's
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def new_transport(session: botocore.session.Session, config: S3Config) -> URLLib3Session:
    """As the SDK makes it for its clients: with the proxies and certificates of the environment."""
    return URLLib3Session(  # its stubs are narrower than it is
        verify=session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE", True),  # type: ignore[arg-type, unused-ignore]
        proxies=get_environ_proxies(config.endpoint),
        timeout=(config.connect_timeout, config.read_timeout),  # type: ignore[arg-type, unused-ignore]
        max_pool_connections=config.pool_size,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # type: ignore[list-item, unused-ignore]
    )


def attach(client: S3Client, observed: Observed) -> None:
    client.meta.events.register("response-received.s3", _teller(observed))
    client.meta.events.register("before-call.s3", _stay)
    client.meta.events.register("after-call.s3", _require_xml)


def _teller(observed: Observed) -> Callable[..., None]:
    def tell(event_name: str, response_dict: dict[str, Any] | None = None, **_: object) -> None:
        observed(event_name.rpartition(".")[2], str(response_dict["status_code"]) if response_dict else "no answer")

    return tell


def _stay(params: dict[str, Any], **_: object) -> None:
    """The SDK looks for a bucket's other region on a redirect, through the same redirect, until its stack is full: it is told that it has been there."""
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


def _require_xml(http_response: AWSResponse, model: OperationModel, **_: object) -> None:
    """Of answers whose content matters to us; some stores call an empty one HTML."""
    if http_response.status_code < 300 and model.name in _ANSWERED_IN_XML and is_html(http_response.headers.get("content-type")):
        raise WebPageError
