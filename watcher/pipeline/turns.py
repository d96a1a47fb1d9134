"""Whose turn it is to check all finished results: it costs a request for each, so one replica does it for all."""

from __future__ import annotations

from datetime import timedelta

from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from watcher.domain.clock import Clock
from watcher.domain.document import Layout
from watcher.domain.verification import VERIFICATION, Progress, Verification, next_turn
from watcher.pipeline.verify import Verifier
from watcher.storage.port import NotFoundError, Store, StoreError

MOST_LOOK_SECONDS = 3600.0
_TOLD_SHARE = 1 / 4
"""Of the time between two looks: how often the one that is at it tells how far it is."""
_JSON = "application/json"


class Turns:
    """Every `every_seconds` all results are checked once, by whoever looks first; two that look at the same moment both do it, which costs requests only.

    A check goes on after the last folder that it told of, also where its replica was restarted. `run` is called from one thread at a time.
    """

    def __init__(
        self, store: Store, layout: Layout, verifier: Verifier, replica: str, every_seconds: float, clock: Clock, log: FilteringBoundLogger
    ) -> None:
        self._store = store
        self._key = layout.claims + VERIFICATION
        self._verifier = verifier
        self._replica = replica
        self._every = timedelta(seconds=every_seconds)
        self._clock = clock
        self._log = log
        self.look_seconds = min(every_seconds, MOST_LOOK_SECONDS)

    def run(self) -> None:
        """Looks whether it is this replica's turn: one GET. If so, checks."""
        try:
            turn = next_turn(self._last(), self._replica, self._clock.now(), self._every, timedelta(seconds=self.look_seconds))
            if turn is None:
                return
            self._tell(turn)
            self._check(turn)
        except StoreError as error:
            self._log.warning("verification_failed", reason=str(error))

    def _check(self, turn: Verification) -> None:
        told_at = self._clock.monotonic()
        progress = turn.progress
        for progress in self._verifier.check(turn.progress):
            if self._clock.monotonic() - told_at >= self.look_seconds * _TOLD_SHARE:
                told_at = self._clock.monotonic()
                self._tell(turn, progress)
                self._log.info("results_being_verified", results=progress.results, flawed=progress.flawed)
        if not self._verifier.stopping.is_set():
            self._tell(turn, progress, ended=True)
            self._log.info("results_verified", results=progress.results, flawed=progress.flawed, unfinished=progress.unfinished)

    def _tell(self, turn: Verification, progress: Progress | None = None, *, ended: bool = False) -> None:
        told = turn.model_copy(update={"at": self._clock.now(), "progress": progress or turn.progress, "ended": ended})
        self._store.put(self._key, told.model_dump_json().encode(), _JSON)

    def _last(self) -> Verification | None:
        """None where there was none yet, or somebody spoilt what it told."""
        try:
            return Verification.model_validate_json(self._store.get(self._key)[1])
        except (NotFoundError, ValidationError):
            return None
