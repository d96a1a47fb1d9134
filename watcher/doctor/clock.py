"""By how much this machine's clock differs from the store's, as the `Date` of an answer tells it."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPException

from watcher.doctor.wording import failed, ok, skipped, warning
from watcher.domain.doctor import Finding

WARN_SECONDS = 60.0
"""Beyond it, times that people compare are misleading, and documents are tried again too early or too late."""
REFUSED_SECONDS = 900.0
"""S3 refuses requests that were signed by a clock that differs by more (`RequestTimeTooSkewed`)."""


@dataclass(frozen=True)
class Difference:
    """Seconds by which our clock is ahead, and by which that may be wrong."""

    seconds: float
    uncertainty: float


def clock(endpoint: str, utc_now: Callable[[], datetime], timeout: float) -> Finding:
    """Asked without credentials, which a wrong clock would spoil. `endpoint` is the store's address."""
    sent = utc_now()
    try:
        date = _date_of(endpoint, timeout)
    except (OSError, HTTPException, ValueError):
        return skipped("Skipped: the store gave no answer that would tell its time.", "See 'Store' first.")
    return judge(difference(date, sent, utc_now()))


def difference(date: str, sent: datetime, received: datetime) -> Difference | None:
    """None where `date` is no time. It tells whole seconds, and was written at some moment between the two."""
    try:
        told = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    told = told if told.tzinfo else told.replace(tzinfo=timezone.utc)
    travelled = (received - sent).total_seconds()
    return Difference((sent - told).total_seconds() + travelled / 2 - 0.5, travelled / 2 + 0.5)


def judge(found: Difference | None) -> Finding:
    if found is None:
        return warning(
            "The store's answer tells no time, so that the clocks cannot be compared.", "Look whether this machine's clock is right."
        )
    apart = abs(found.seconds)
    if apart <= max(WARN_SECONDS, found.uncertainty):
        return ok(f"This machine's clock and the store's agree within {max(apart, found.uncertainty):.0f} s.")
    seen = f"This machine's clock is {_told(apart)} {'ahead of' if found.seconds > 0 else 'behind'} the store's."
    mend = "Set this machine's clock, best by time synchronisation (NTP)."
    if apart >= REFUSED_SECONDS:
        return failed(f"{seen} Stores refuse every request beyond {REFUSED_SECONDS / 60:.0f} minutes.", mend)
    return warning(f"{seen} Times in logs and results are wrong, and documents that wait are tried again too early or too late.", mend)


def _told(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} minutes" if seconds < 3 * 3600 else f"{seconds / 3600:.0f} hours"


def _date_of(endpoint: str, timeout: float) -> str:
    # The certificate is not checked: with a wrong clock none is valid, and nothing secret is sent. The check of the store does check it.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
    request = urllib.request.Request(endpoint, method="HEAD")  # noqa: S310 - the settings take http and https only
    try:
        with opener.open(request, timeout=timeout) as answer:
            return str(answer.headers.get("Date", ""))
    except urllib.error.HTTPError as error:  # whatever it says, it says when
        with error:
            return str(error.headers.get("Date", ""))
