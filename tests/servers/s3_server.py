"""An S3 server that runs for the tests: where it is, and fresh buckets on it."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from uuid import uuid4

import boto3
from botocore.config import Config

from watcher.storage.s3 import S3Config


@dataclass(frozen=True)
class S3Server:
    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)

    def new_bucket(self, versioned: bool = False) -> S3Config:
        """The configuration that reaches a new, empty bucket."""
        config = self.config(f"test-{uuid4().hex[:12]}")
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",  # the one region in which a bucket is made without naming it again
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )
        client.create_bucket(Bucket=config.bucket)
        if versioned:
            client.put_bucket_versioning(Bucket=config.bucket, VersioningConfiguration={"Status": "Enabled"})
        return config

    def config(self, bucket: str) -> S3Config:
        return S3Config(self.endpoint, bucket, self.access_key, self.secret_key)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
