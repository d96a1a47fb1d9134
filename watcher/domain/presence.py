"""What a replica tells of itself while it runs, whether or not it has anything to do. For people: nothing is decided by it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from watcher.domain.page import Value, encodable

REPLICAS = ".replicas/"
"""Below `claims/`."""
_NAME = re.compile(rf"{re.escape(REPLICAS)}[^/]+\.json")
_MOST_NAME = 60
_NONCE_SHOWN = 8

Word = Annotated[str, Field(max_length=200), AfterValidator(encodable)]
"""Anybody may write into the bucket: what is read back is bounded."""


class Presence(Value):
    """`claims/.replicas/<name>-<nonce>.json`: rewritten by that replica alone, deleted when it ends in order."""

    replica: Word = Field(description="its name, as the claims have it")
    nonce: Word = Field(description="new with every start: tells two replicas of one name apart")
    version: Word = Field(description="of this program")
    engine: Word
    engine_version: Word = Field(default="", description="empty until the engine was loaded once")
    phase: Literal["initializing", "ready", "failed"] = Field(description="of the engine")
    started_at: AwareDatetime = Field(description="by the replica's clock")
    every_seconds: float = Field(gt=0, le=86400, description="rewritten so often")
    in_progress: int = Field(ge=0, description="documents")
    finished: int = Field(ge=0, description="documents since the start")
    failed: int = Field(ge=0, description="documents since the start")


def presence_name(replica: str, nonce: str) -> str:
    """Below `claims/`. Of the replica's name only what a key and a file can hold; the nonce keeps equal names apart."""
    plain = re.sub(r"[^\w.-]+", "-", replica)[:_MOST_NAME].strip("-.")
    return f"{REPLICAS}{plain or 'replica'}-{nonce[:_NONCE_SHOWN]}.json"


def is_presence(name: str) -> bool:
    """Of a name below `claims/`. The log of a document that somebody dropped as `.replicas/...` has more parts."""
    return _NAME.fullmatch(name) is not None
