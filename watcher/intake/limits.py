"""The bounds on a document, as checks that raise the code a person can act on."""

from __future__ import annotations

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake.port import Limits


def require_pages(found: int, limits: Limits) -> None:
    """Raises `DocumentError` with `NO_PAGES` or `TOO_MANY_PAGES`."""
    if found < 1:
        raise DocumentError(ErrorCode.NO_PAGES)
    if found > limits.pages:
        raise DocumentError(ErrorCode.TOO_MANY_PAGES, found=found, limit=limits.pages)


def require_pixels(found: int, limits: Limits) -> None:
    """Raises `DocumentError` with `TOO_MANY_PIXELS`; asked with what a header declares, before anything is decoded."""
    if found > limits.image_pixels:
        raise DocumentError(ErrorCode.TOO_MANY_PIXELS, found=found, limit=limits.image_pixels)
