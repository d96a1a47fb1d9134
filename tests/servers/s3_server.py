"""An S3 server that runs for the tests: where it is, and fresh buckets on it."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
from botocore.config import Config

from watcher.storage.s3 import S3Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class S3Server:
    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)

    def new_bucket(self, versioned: bool = False) -> S3Config:
        """The configuration that reaches a new, empty bucket."""
        config = self.config(f"test-{uuid4().hex[:12]}")
        self.client.create_bucket(Bucket=config.bucket)
        if versioned:
            self.client.put_bucket_versioning(Bucket=config.bucket, VersioningConfiguration={"Status": "Enabled"})
        return config

    def empty(self, bucket: str) -> None:
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            names = [entry["Key"] for entry in page.get("Contents", [])]
            plain = [name for name in names if name.isprintable()]
            for name in set(names) - set(plain):  # XML, in which several are named, cannot hold them
                self.client.delete_object(Bucket=bucket, Key=name)
            if plain:
                self.client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": name} for name in plain], "Quiet": True})

    @cached_property
    def client(self) -> S3Client:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",  # the one region in which a bucket is made without naming it again
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )

    def config(self, bucket: str) -> S3Config:
        return S3Config(
            endpoint=self.endpoint,
            bucket=bucket,
            access_key=self.access_key,
            secret_key=self.secret_key,
            region="ru-central-1",
            connect_timeout=5,
            read_timeout=60,
            attempts=4,
            pool_size=32,
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
