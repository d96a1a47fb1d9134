"""Somebody who drops, replaces, deletes and drops again, straight on the server, and writes down what was done when."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from chaos.papers import Paper, paper

from watcher.domain.document import version_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

INBOX = "incoming/"
FOLDERS = ("", "scans/", "Договоры 2024/акты/", "a+b & c/")
MISCHIEF = 0.5
"""How often a document that a replica is at work on is chosen to be replaced or deleted, rather than any."""


@dataclass(frozen=True)
class Deed:
    """Something done to a key, between `began` and `ended` of the monotonic clock. A deletion has no paper, and no ETag."""

    what: str
    key: str
    began: float
    ended: float
    paper: Paper | None = None
    etag: str = ""

    @property
    def version(self) -> str:
        assert self.paper is not None
        return version_of(self.etag, len(self.paper.body))

    @property
    def sha256(self) -> str:
        assert self.paper is not None
        return hashlib.sha256(self.paper.body).hexdigest()


class Person:
    """Does one thing after another. `in_progress` names keys that replicas are at work on."""

    def __init__(self, client: S3Client, bucket: str, seed: int, in_progress: Callable[[], Sequence[str]]) -> None:
        self._client = client
        self._bucket = bucket
        self._seed = seed
        self._dice = random.Random(f"person {seed}")
        self._in_progress = in_progress
        self._papers = 0
        self.deeds: list[Deed] = []

    def drop(self) -> None:
        """A new document."""
        new = self._new_paper()
        self._put("dropped", f"{INBOX}{self._dice.choice(FOLDERS)}документ {self._papers:04}.{new.extension}", new)

    def replace(self) -> None:
        """Other content under the same key, of whatever kind: the name's extension means nothing."""
        self._put("replaced", self._some_key(), self._new_paper())

    def repeat(self) -> None:
        """A document is dropped once more, in a version that it once had."""
        key = self._some_key()
        once = self._dice.choice([deed.paper for deed in self.deeds if deed.key == key and deed.paper])
        self._put("repeated", key, once)

    def delete(self) -> None:
        key, began = self._some_key(), monotonic()
        self._client.delete_object(Bucket=self._bucket, Key=key)
        self.deeds.append(Deed("deleted", key, began, monotonic()))

    def keep_at_it(self, times: int, seconds: float, stop: threading.Event) -> None:
        """So many deeds, evenly spread over that time."""
        for _ in range(times):
            if stop.wait(seconds / times):
                return
            self._dice.choices([self.drop, self.replace, self.delete, self.repeat], [4, 4, 2, 1])[0]()

    def _new_paper(self) -> Paper:
        self._papers += 1
        return paper(self._seed, self._papers)

    def _some_key(self) -> str:
        known = sorted({deed.key for deed in self.deeds})
        if self._dice.random() < MISCHIEF:
            known = sorted(set(self._in_progress()) & set(known)) or known
        return self._dice.choice(known)

    def _put(self, what: str, key: str, new: Paper) -> None:
        began = monotonic()
        answer = self._client.put_object(Bucket=self._bucket, Key=key, Body=new.body)
        self.deeds.append(Deed(what, key, began, monotonic(), new, answer["ETag"].strip('"')))
