"""Our signatures are those that the SDK makes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

import botocore.auth
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from watcher.storage.s3_signature import Signer

ACCESS_KEY, SECRET_KEY, REGION, HOST = "tenant:key", "f0rb1dden/s3cret+text", "ru-central-1", "s3.cloud.ru"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body"),
    [
        ("GET", "/bucket/a.pdf", "", {}, b""),
        ("PUT", "/bucket/a.json", "", {"Content-Type": "application/json", "If-None-Match": "*"}, b"{}"),
        ("PUT", "/bucket/a.txt", "", {"Content-Type": "text/plain;  charset=utf-8 "}, b"x" * 70_000),
        ("DELETE", "/bucket/a", "", {"If-Match": '"0123"'}, b""),
        ("DELETE", "/bucket/a", "versionId=a%2Fb%3D", {}, b""),
        ("HEAD", "/bucket/%D0%B4%D0%BE%D0%BA%20%25~%2B%23%3F%2A.pdf", "", {}, b""),
        ("GET", "/bucket//a/../b/./c", "", {}, b""),
    ],
)
def test_the_sdk_signs_alike(
    monkeypatch: pytest.MonkeyPatch, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> None:
    signed = Signer(ACCESS_KEY, SECRET_KEY, REGION).signed(
        method, path, query, {**headers, "Host": HOST}, hashlib.sha256(body).hexdigest(), NOW
    )
    request = AWSRequest(method, f"https://{HOST}{path}{'?' if query else ''}{query}", headers=dict(headers), data=body)
    request.context["client_config"] = None
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: NOW.replace(tzinfo=None))
    S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", REGION).add_auth(request)
    assert signed["Authorization"] == request.headers["Authorization"]
    assert signed["X-Amz-Date"] == request.headers["X-Amz-Date"]
    assert signed["X-Amz-Content-SHA256"] == request.headers["X-Amz-Content-SHA256"]


def test_the_key_changes_with_the_day() -> None:
    signer = Signer(ACCESS_KEY, SECRET_KEY, REGION)
    days = [NOW, NOW + timedelta(days=1), NOW]
    made = [signer.signed("GET", "/", "", {"Host": HOST}, "", day)["Authorization"] for day in days]
    fresh = [Signer(ACCESS_KEY, SECRET_KEY, REGION).signed("GET", "/", "", {"Host": HOST}, "", day)["Authorization"] for day in days]
    assert made == fresh
    assert len(set(made)) == 2


def test_the_secret_is_in_nothing_that_is_sent() -> None:
    signed = Signer(ACCESS_KEY, SECRET_KEY, REGION).signed("GET", "/", "", {"Host": HOST}, "", NOW)
    assert SECRET_KEY not in str(signed)
