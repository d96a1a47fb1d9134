"""Whether the folders of the settings can be written to, asked before the daemon starts."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

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
    faults = [_fault(table, name, folder) for table, name, folder in used]
    if any(faults):
        raise SettingsError(filter(None, faults))
    if not settings.s3.configured:
        _make_inbox(settings)


def _make_inbox(settings: Settings) -> None:
    try:
        Path(settings.storage.folder, settings.layout.incoming).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno not in _FULL:
            raise SettingsError([_worded("storage", "folder", settings.storage.folder, error)]) from None


def _fault(table: str, name: str, folder: str) -> str:
    try:
        path = Path(folder or tempfile.gettempdir())
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"\0")
            file.flush()
    except OSError as error:
        return "" if error.errno in _FULL else _worded(table, name, folder, error)
    except ValueError as error:
        return _worded(table, name, folder, error)
    return ""


def _worded(table: str, name: str, folder: str, error: OSError | ValueError) -> str:
    said = getattr(error, "strerror", None) or str(error)
    shown = repr(folder) if folder else "the system's temporary folder"
    return f"{table}.{name} (WATCHER_{table.upper()}__{name.upper()}): {shown} cannot be used: {said}; {_MEND[table]}"


_FULL = {errno.ENOSPC, errno.EDQUOT}
"""Room may come back, and documents wait for it: no reason not to start."""
_MEND = {
    "watch": "name a folder that this user may write to",
    "output": "name a folder that this user may write to, or leave it empty to keep no copy",
    "storage": "name a folder that this user may write to, or set the four CLOUDRU_S3_ variables for a bucket",
}
