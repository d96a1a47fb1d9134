"""Copies within the bucket, which the store makes by itself: in parts where the object is too large for one request.

Not in parts where it can be helped: the gateway of Ceph 16.2 dies of a part copied from a key with a `%` in it (seen).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, CopySourceTypeDef

LARGEST_COPY_BYTES = 5 << 30
PART_BYTES = 512 << 20


def copy_whole(client: S3Client, bucket: str, source: str, target: str, content_type: str) -> None:
    client.copy_object(
        Bucket=bucket, Key=target, CopySource={"Bucket": bucket, "Key": source}, ContentType=content_type, MetadataDirective="REPLACE"
    )


def copy_parts(client: S3Client, bucket: str, source: str, size: int, target: str, content_type: str) -> None:
    """Up to 5 TiB."""
    origin: CopySourceTypeDef = {"Bucket": bucket, "Key": source}
    upload = client.create_multipart_upload(Bucket=bucket, Key=target, ContentType=content_type)["UploadId"]
    parts: list[CompletedPartTypeDef] = []
    try:
        for number, start in enumerate(range(0, size, PART_BYTES), 1):
            span = f"bytes={start}-{min(start + PART_BYTES, size) - 1}"
            copied = client.upload_part_copy(
                Bucket=bucket, Key=target, UploadId=upload, PartNumber=number, CopySource=origin, CopySourceRange=span
            )
            parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
        client.complete_multipart_upload(Bucket=bucket, Key=target, UploadId=upload, MultipartUpload={"Parts": parts})
    except BaseException:
        with suppress(ClientError, BotoCoreError):  # parts that stay behind cost room until the bucket's rules remove them
            client.abort_multipart_upload(Bucket=bucket, Key=target, UploadId=upload)
        raise
