"""The smallest policy of a bucket with which the daemon, its commands and these checks work."""

from __future__ import annotations

from typing import Any

from watcher.doctor.scratch import scratch_prefix
from watcher.domain.document import Layout

PLACEHOLDER = "PUT-THE-OWNER-OF-THE-ACCESS-KEY-HERE"
"""Stores refuse it: safer than `*`, which would let everybody in."""


def bucket_policy(bucket: str, layout: Layout, principal: str) -> dict[str, Any]:
    """`principal`: who gets these rights, as the store names its users.

    Listing is not bound to prefixes: whoever may not list a bucket is told "forbidden" in place of "not there", which S3 documents of GetObject
    and HeadObject, and we ask for what is not there all the time. Under processed/ nothing but the scratch of these checks may be deleted.
    """
    incoming, claims, processed, failed = layout.incoming, layout.claims, layout.processed, layout.failed

    def objects(*prefixes: str) -> list[str]:
        return [f"arn:aws:s3:::{bucket}/{prefix}*" for prefix in prefixes]

    def allowed(name: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
        return {"Sid": name, "Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions, "Resource": resources}

    return {
        "Version": "2012-10-17",
        "Statement": [
            allowed("WatcherLists", ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketVersioning"], [f"arn:aws:s3:::{bucket}"]),
            allowed(
                "WatcherReadsAndWrites",
                ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
                objects(incoming, claims, processed, failed),
            ),
            allowed(
                "WatcherDeletes",
                ["s3:DeleteObject", "s3:DeleteObjectVersion"],
                objects(incoming, claims, failed, scratch_prefix(processed)),
            ),
        ],
    }
