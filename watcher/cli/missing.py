"""What a person is told whose settings lead to another place than was meant: some of the store's variables and not all, or a folder that is not there."""

from __future__ import annotations

from pathlib import Path

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


def absent_folder(settings: Settings) -> str:
    """One line for a person; empty where the folder is there, or a bucket takes its place."""
    folder = settings.storage.folder
    if settings.s3.configured or Path(folder).exists():
        return ""
    return f"the folder {folder} is not there (yet): look whether storage.folder (WATCHER_STORAGE__FOLDER) names the right one"
