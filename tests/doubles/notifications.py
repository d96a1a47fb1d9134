"""Notifications as stores send them."""

from __future__ import annotations

import json
from typing import Any

CEPH = (  # recorded from Ceph 16.2
    '{"Records":[{"eventVersion":"2.2","eventSource":"ceph:s3","awsRegion":"","eventTime":"2026-11-23T07:02:43.787853Z","eventName":"ObjectCreated:Put",'
    '"userIdentity":{"principalId":"test"},"requestParameters":{"sourceIPAddress":""},"responseElements":{"x-amz-request-id":'
    '"afdc0277-9cf3-4cdc-9639-0d5390ca69b8.4108.10809535342924473093","x-amz-id-2":"100c-default-default"},"s3":{"s3SchemaVersion":"1.0",'
    '"configurationId":"drop","bucket":{"name":"test-a11d68f0c5c2","ownerIdentity":{"principalId":"test"},"arn":"arn:aws:s3:::test-a11d68f0c5c2",'
    '"id":"afdc0277-9cf3-4cdc-9639-0d5390ca69b8.4110.1"},"object":{"key":"incoming/Отчёт за 1 кв.+50%.pdf","size":1,'
    '"eTag":"9dd4e461268c8034f5c8564e155c67a6","versionId":"","sequencer":"13E5036B021A0C2F","metadata":[{"key":"x-amz-date","val":"20261123T070243Z"}],'
    '"tags":[]}},"eventId":"1795417363.789322.9dd4e461268c8034f5c8564e155c67a6","opaqueData":""}]}'
)

S3 = (  # as its documentation shows it, "Event message structure"
    '{"Records":[{"eventVersion":"2.2","eventSource":"aws:s3","awsRegion":"us-west-2","eventTime":"1970-01-01T00:00:00.000Z",'
    '"eventName":"ObjectCreated:Put","userIdentity":{"principalId":"AIDAJDPLRKLG7UEXAMPLE"},"requestParameters":{"sourceIPAddress":"172.16.0.1"},'
    '"responseElements":{"x-amz-request-id":"C3D13FE58DE4C810","x-amz-id-2":"FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"},'
    '"s3":{"s3SchemaVersion":"1.0","configurationId":"testConfigRule","bucket":{"name":"amzn-s3-demo-bucket","ownerIdentity":{"principalId":'
    '"A3NL1KOZZKExample"},"arn":"arn:aws:s3:::amzn-s3-demo-bucket"},"object":{"key":"incoming/a+letter.pdf","size":1024,'
    '"eTag":"d41d8cd98f00b204e9800998ecf8427e","versionId":"096fKKXTRTtl3on89fVO.nfljtsv6qko","sequencer":"0055AED6DCD90281E5"}}}]}'
)

MINIO = (  # as its documentation shows it; keys are encoded as in a form, slashes too
    '{"EventName":"s3:ObjectCreated:Put","Key":"documents/incoming/отчёт.pdf","Records":[{"eventVersion":"2.0","eventSource":"minio:s3","awsRegion":"",'
    '"eventTime":"2019-10-22T09:27:27Z","eventName":"s3:ObjectCreated:Put","userIdentity":{"principalId":"minio"},"requestParameters":'
    '{"region":"","sourceIPAddress":"172.16.118.255","accessKey":"minio"},"responseElements":{"x-amz-request-id":"15CFEDF8D4736ED9",'
    '"x-minio-origin-endpoint":"http://172.17.0.2:9000"},"s3":{"s3SchemaVersion":"1.0","configurationId":"Config","bucket":{"name":"documents",'
    '"ownerIdentity":{"principalId":"minio"},"arn":"arn:aws:s3:::documents"},"object":{"key":"incoming%2F%D0%BE%D1%82%D1%87%D1%91%D1%82.pdf","size":224662,'
    '"eTag":"5fc7298143efe1276d39a3466d4e255f-1","contentType":"application/pdf","userMetadata":{"content-type":"application/pdf"},"versionId":"1",'
    '"sequencer":"15CFEDF8D5304D1A"}},"source":{"host":"172.16.118.255","port":"","userAgent":"MinIO (linux; amd64)"}}]}'
)

EVENTBRIDGE = (  # as its documentation shows it; keys are not encoded
    '{"version":"0","id":"17793124-05d4-b198-2fde-7ededc63b103","detail-type":"Object Created","source":"aws.s3","account":"111122223333",'
    '"time":"2021-11-12T00:00:00Z","region":"ca-central-1","resources":["arn:aws:s3:::amzn-s3-demo-bucket1"],"detail":{"version":"0","bucket":'
    '{"name":"amzn-s3-demo-bucket1"},"object":{"key":"incoming/a letter.pdf","size":5,"etag":"b1946ac92492d2347c6235b4d2611184",'
    '"version-id":"IYV3p45BT0ac8hjHg1houSdS1a.Mro8e","sequencer":"617f08299329d189"},"request-id":"N4N7GDK58NMKJ12R","requester":"123456789012",'
    '"source-ip-address":"1.2.3.4","reason":"PutObject"}}'
)

ALL = {"Ceph": CEPH, "S3": S3, "MinIO": MINIO, "EventBridge": EVENTBRIDGE}


def notification(*keys: str, event: str = "ObjectCreated:Put", **more: Any) -> bytes:
    records = [{"eventName": event, "s3": {"object": {"key": key}}} for key in keys]
    return json.dumps({"Records": records, **more}, ensure_ascii=False).encode()
