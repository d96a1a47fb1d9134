"""All replicas of a bucket and what they have to do, as the bucket shows it: what `watcher status --json` prints."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from watcher.domain.page import Value

FLEET_SCHEMA_VERSION = 1
"""Grows when a field changes its meaning or goes; fields may be added at any time."""


class FleetReplica(Value):
    """One that told of itself within a day, or holds a document. Of one that only holds documents no more than its name and `seen_at` is known."""

    name: str = Field(description="of its settings or its host: two may have the same")
    nonce: str = Field(default="", description="new with every start; empty where it told nothing of itself")
    version: str = Field(default="", description="of this program")
    engine: str = ""
    engine_version: str = ""
    phase: Literal["initializing", "ready", "failed"] | None = Field(default=None, description="of its engine; null where it told nothing")
    started_at: datetime | None = Field(default=None, description="by its own clock")
    seen_at: datetime = Field(description="its last sign of life, by the store's clock")
    silent: bool = Field(description="no sign of life for so long that something is wrong; what it held goes to others")
    in_progress: int = Field(description="documents that it held when it last told of itself, or that are seen to be its own")
    finished: int = Field(default=0, description="documents since its start")
    failed: int = Field(default=0, description="documents since its start")


class ReadDocument(Value):
    """One that a replica holds."""

    key: str = Field(description="where it was dropped, with the inbox's prefix")
    replica: str
    attempt: int
    purpose: Literal["read", "quarantine"] = Field(description="quarantine: it is being moved to the failed ones")
    pages_done: int = Field(description="those of earlier attempts included, as of the last beat")
    pages_total: int | None = Field(description="null while it is not known")
    since: datetime = Field(description="begin of this attempt, by the replica's clock")
    seen_at: datetime = Field(description="last beat, by the store's clock")
    silent: bool = Field(description="no beat for longer than the lease: another replica takes it over")
    pages_per_second: float | None = Field(description="of this attempt; null while no page was read, and of silent holders")
    seconds_left: float | None = Field(description="counted from `at`; null where it cannot be known")


class WaitingDocument(Value):
    """One that is tried again later."""

    key: str
    attempts: int = Field(description="attempts that count; of what is not the document's fault none does")
    reason: str = Field(description="a word of the manual's chapter on failures; empty where an older version wrote it")
    not_before: datetime | None = Field(description="by the clock of the replica that gave it back; due where that is past")


class FailedDocument(Value):
    key: str
    code: str = Field(description="empty where its error.json is not one of ours")
    at: datetime = Field(description="by the store's clock")


class Ends(Value):
    """Documents that ended, by the times of the store's listings."""

    documents: int = Field(description="that stand in the bucket now, each counted once")
    last_hour: int
    last_day: int


class Failed(Ends):
    """Those in the prefix of failed ones, without those that lie in the inbox again."""

    looked_at: int = Field(description="the newest; of the others the code is not known")
    by_code: dict[str, int] = Field(description="of those that were looked at")
    newest: tuple[FailedDocument, ...] = Field(description="those that were looked at, newest first")


class Inbox(Value):
    """What nobody has begun."""

    pending: int
    oldest_at: datetime | None = Field(description="when the oldest of them was dropped, by the store's clock")
    oldest_key: str | None = Field(description="null also where so many others are older that it was not kept in mind")


class Fleet(Value):
    schema_version: int = FLEET_SCHEMA_VERSION
    store: str = Field(description="the bucket or the folder")
    at: datetime = Field(description="the moment of the picture, by the clock of the machine that drew it")
    replicas: tuple[FleetReplica, ...] = Field(description="by name")
    replicas_not_looked_at: int
    inbox: Inbox
    in_progress: tuple[ReadDocument, ...] = Field(description="of silent holders first, then those that were begun first")
    waiting: tuple[WaitingDocument, ...] = Field(description="those that are due first come first")
    claims_not_looked_at: int = Field(description="documents of the inbox that were begun, but not read up: in progress or waiting")
    pages_per_second: float = Field(description="of all documents in progress together")
    failed: Failed
    finished: Ends | None = Field(description="null where they were not counted")
    requests: int | None = Field(default=None, description="requests to the store that the picture took; null of a folder")
