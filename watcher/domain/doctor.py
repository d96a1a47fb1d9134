"""What `watcher doctor` finds: values, and the JSON that `--json` prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import Field

from watcher.domain.page import Value

SCHEMA_VERSION = 1
SCRATCH_NAME = ".watcher-doctor-"
"""How the names of its scratch objects begin, right below a prefix. No document: daemons pass over them, whatever `watch.ignore` says."""


class Verdict(str, Enum):
    OK = "ok"
    WARNING = "warning"  # documents are read; something will be slow, or go wrong in a rare case
    FAILED = "failed"  # documents will not be read, or not all of them
    SKIPPED = "skipped"  # could not be looked at, or was not to be


@dataclass(frozen=True)
class Finding:
    """What one check saw, and what a person is to do. Plain sentences without secrets; only where all is well there may be nothing to do."""

    verdict: Verdict
    seen: str
    advice: str = ""

    def __post_init__(self) -> None:
        if self.verdict is not Verdict.OK and not self.advice:
            raise ValueError(f"a finding that is not ok says what to do: {self.seen}")


class CheckReport(Value):
    """One row."""

    name: str = Field(description="stable word for the check, such as rights.incoming")
    title: str
    verdict: Verdict
    seen: str = Field(description="what was found, in plain sentences")
    advice: str = Field(description="what to do; may be empty where all is well")
    seconds: float


class DoctorReport(Value):
    """What `watcher doctor --json` prints."""

    schema_version: int = SCHEMA_VERSION
    watcher: str = Field(description="version of the program")
    at: datetime
    verdict: Verdict = Field(description="the worst of all checks; skipped ones do not count")
    checks: list[CheckReport]
    left_behind: list[str] = Field(description="scratch objects that could not be removed again")
    bucket_policy: dict[str, Any] | None = Field(description="the smallest one that suffices; null where a folder takes the bucket's place")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Of checks that were made."""
    made = set(verdicts)
    return next((verdict for verdict in (Verdict.FAILED, Verdict.WARNING) if verdict in made), Verdict.OK)
