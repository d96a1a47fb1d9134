"""Whether the folders of the settings can be written to, asked before the daemon starts."""

from __future__ import annotations

from pathlib import Path

from watcher.doctor.folders import FULL, folder_fault, worded
from watcher.settings import Settings, SettingsError


def check_folders(settings: Settings) -> None:
    """Makes each folder that the daemon will write to, and a file in it for a moment; also the inbox, so that people see where to drop documents.

    Raises `SettingsError` with a line for each that will not do; a full disk will.
    """
    used = [("watch", "scratch", settings.watch.scratch)]
    if settings.output.folder:
        used.append(("output", "folder", settings.output.folder))
    if not settings.s3.configured:
        used.append(("storage", "folder", settings.storage.folder))
    faults = [folder_fault(table, name, folder) for table, name, folder in used]
    if any(faults):
        raise SettingsError(filter(None, faults))
    if not settings.s3.configured:
        _make_inbox(settings)


def _make_inbox(settings: Settings) -> None:
    try:
        Path(settings.storage.folder, settings.layout.incoming).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno not in FULL:
            raise SettingsError([worded("storage", "folder", settings.storage.folder, error)]) from None
