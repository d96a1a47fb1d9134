"""The jobs that run on an interval, by APScheduler: looking into the inbox, clearing up after crashes, checking what is finished, showing that we are there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from apscheduler.schedulers.background import BackgroundScheduler

from watcher.pipeline.dispatch import Dispatcher
from watcher.pipeline.presence import Beacon
from watcher.pipeline.rounds import Rounds
from watcher.pipeline.turns import Turns


class Jobs:
    """A job that takes longer than its interval is not started again until it has ended.

    Without `turns` results are never checked, without a `beacon` nobody is told that we are there.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        poll_seconds: float,
        sweep_seconds: float,
        turns: Turns | None = None,
        beacon: Beacon | None = None,
    ) -> None:
        # A round may take as long as the backlog: that it is not started twice is as it should be, and no news.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(timezone=timezone.utc)
        self._rounds = Rounds(dispatcher.scan, self._once, time.monotonic)
        self._beacon = beacon
        self._every(sweep_seconds, dispatcher.sweep)
        if turns:
            self._every(turns.look_seconds, turns.run, first_after=turns.look_seconds)
        if beacon:
            self._every(beacon.every_seconds, beacon.tell)
            self._every(sweep_seconds, beacon.sweep, first_after=sweep_seconds)
        self._every(poll_seconds, self._rounds.run)

    def start(self) -> None:
        self._scheduler.start()

    def wake(self) -> None:
        """Looks into the inbox now rather than at the next poll. Does not wait; any thread may call it, however often."""
        self._rounds.wake()

    def show(self) -> None:
        """Tells what became of this replica now rather than at the next interval. Does not wait."""
        if self._beacon:
            self._once(self._beacon.tell, 0)

    def stop(self) -> None:
        """Starts nothing any more. What is running sees for itself that the daemon is ending."""
        self._scheduler.shutdown(wait=False)

    def _every(self, seconds: float, run: Callable[[], None], first_after: float = 0.0) -> None:
        first = datetime.now(timezone.utc) + timedelta(seconds=first_after)
        self._scheduler.add_job(
            run, "interval", seconds=seconds, max_instances=1, coalesce=True, misfire_grace_time=None, next_run_time=first
        )

    def _once(self, run: Callable[[], None], after: float) -> None:
        self._scheduler.add_job(run, "date", run_date=datetime.now(timezone.utc) + timedelta(seconds=after), misfire_grace_time=None)
