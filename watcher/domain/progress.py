"""How fast pages are read, and how long a document will still take: estimates for people, nothing is decided by them."""

from __future__ import annotations


def pages_per_second(pages: int, seconds: float) -> float | None:
    """Pages read within so many seconds, those left out that stood there before. None where that says nothing: no page yet, or no time."""
    return pages / seconds if pages > 0 and seconds > 0 else None


def time_left(pages_done: int, pages_total: int, rate: float | None, told_seconds_ago: float = 0.0) -> float | None:
    """Seconds until all pages are read at `rate` pages a second, 0 where they should be by now. `told_seconds_ago`: the age of `pages_done`.

    None where it cannot be known: no rate, or the number of pages is not known yet (`pages_total` 0).
    """
    if not rate or pages_total <= 0:
        return None
    return max(0.0, (pages_total - pages_done) / rate - told_seconds_ago)
