"""Mistakes that reading a document anew invites, planted into the real code one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from watcher.domain import claim as claims
from watcher.domain.claim import Entry, Take
from watcher.domain.document import Layout
from watcher.domain.retry import RetryPolicy


@contextmanager
def reading_anew_forgotten_by_who_takes_it_up() -> Iterator[None]:
    original = claims._next_attempt

    def next_attempt(last: Entry, policy: RetryPolicy) -> Take:
        return replace(original(last, policy), generation=1)

    with patch.object(claims, "_next_attempt", next_attempt):
        yield


@contextmanager
def one_folder_for_every_reading() -> Iterator[None]:
    with patch.object(Layout, "result", lambda self, document: f"{self.folder(document)}{document.version}/"):
        yield


MISTAKES = (reading_anew_forgotten_by_who_takes_it_up, one_folder_for_every_reading)
