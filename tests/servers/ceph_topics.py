"""Bucket notifications of the Ceph server: topics by the SNS interface of its gateway, pushed to an address."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import boto3
from servers.ceph import CephServer


def notify(server: CephServer, bucket: str, address: str, prefix: str = "") -> None:
    """From now on the server tells `address`, which may hold user and password, of each object that is created or removed below `prefix`."""
    sns = boto3.client(
        "sns",
        endpoint_url=server.endpoint,
        region_name="default",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
    )
    sns.meta.events.register("before-sign.sns.CreateTopic", _as_if_over_tls)
    topic = sns.create_topic(Name=f"topic-{uuid4().hex[:12]}", Attributes={"push-endpoint": address})["TopicArn"]
    wanted: Any = {"Id": "drops", "TopicArn": topic, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
    if prefix:
        wanted["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}
    server.client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"TopicConfigurations": [wanted]})


def _as_if_over_tls(request: Any, **_: object) -> None:
    request.headers["X-Forwarded-Proto"] = "https"
