"""What a person is told who set some of the store's variables and not all: the documents go where they were not meant to."""

from __future__ import annotations

from watcher.settings import Settings
from watcher.settings.s3 import S3_VARIABLES


def half_configured(settings: Settings) -> str:
    """One line for a person; empty where all of the four variables are set, or none."""
    missing = settings.s3.missing
    if len(missing) in (0, len(S3_VARIABLES)):
        return ""
    return (
        f"{', '.join(missing)} not set: the folder {settings.storage.folder} takes the bucket's place; "
        f"set all of {', '.join(S3_VARIABLES.values())}, or none"
    )
