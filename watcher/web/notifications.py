"""Bucket notifications as stores send them: which objects they say are new. Pure, and made for hostile bodies."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote, unquote_plus

from pydantic import BaseModel, Field, ValidationError

from watcher.pipeline.inbox import is_document

_NEW = ("ObjectCreated", "ObjectSynced:Create", "Object Created")
"""What the names of such events begin with: at S3, Ceph and MinIO; at Ceph for objects that another zone sent; at EventBridge."""


class NotificationError(Exception):
    """The body is no notification that is understood. The text says what was expected, and holds nothing of what was sent."""


class _Object(BaseModel):
    key: str


class _Place(BaseModel):
    object: _Object


class _Record(BaseModel):
    name: str = Field(alias="eventName")
    place: _Place = Field(alias="s3")


class _Records(BaseModel):
    """Of S3 (version 2 of its events), Ceph and MinIO."""

    records: list[_Record] = Field(alias="Records")


class _Bridged(BaseModel):
    """Of S3 by way of EventBridge."""

    name: str = Field(alias="detail-type")
    place: _Place = Field(alias="detail")


def new_keys(body: bytes) -> list[str]:
    """The keys of the objects that are new, as the notification spells them. Raises `NotificationError`."""
    events: list[tuple[str, str]] = []
    try:
        events = [(record.name, record.place.object.key) for record in _Records.model_validate_json(body).records]
    except ValidationError:
        try:
            bridged = _Bridged.model_validate_json(body)
        except ValidationError:
            raise NotificationError(
                "this is no bucket notification: send JSON with Records, each with eventName and s3.object.key, as S3, Ceph and MinIO do,"
                " or an event of EventBridge with detail-type and detail.object.key; envelopes of SNS are not opened"
            ) from None
        events = [(bridged.name, bridged.place.object.key)]
    return [key for name, key in events if name.removeprefix("s3:").startswith(_NEW)]


def concern(keys: Iterable[str], incoming: str) -> bool:
    """Whether one of these may be a document in the inbox. Ceph and EventBridge send keys as they are; S3 and MinIO encode them, a space as `+`."""
    return any(
        is_document(spelled, incoming, ())
        for key in keys
        for spelled in (key, unquote(key), unquote_plus(key))
        if spelled.startswith(incoming)
    )
