"""Folders of this machine that the daemon writes to: whether it may, and how much room there is."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path

from watcher.doctor.wording import failed, ok, rounded, sentence, together, warning
from watcher.domain.doctor import Finding

LEAST_BYTES = 64 << 20
"""With less, not even a small document can be read."""
FULL = {errno.ENOSPC, errno.EDQUOT}
_MEND = {
    "watch": "name a folder that this user may write to",
    "output": "name a folder that this user may write to, or leave it empty to keep no copy",
    "storage": "name a folder that this user may write to, or set the four CLOUDRU_S3_ variables for a bucket",
}


def folder_fault(table: str, name: str, folder: str) -> str:
    """Makes the folder that is set as `table.name`, and a file in it for a moment. Empty where that works, also on a full disk: room may come back."""
    try:
        path = folder_of(folder)
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"\0")
            file.flush()
    except OSError as error:
        return "" if error.errno in FULL else worded(table, name, folder, error)
    except ValueError as error:
        return worded(table, name, folder, error)
    return ""


def worded(table: str, name: str, folder: str, error: OSError | ValueError) -> str:
    said = getattr(error, "strerror", None) or str(error)
    return f"{table}.{name} (WATCHER_{table.upper()}__{name.upper()}): {_shown(folder)} cannot be used: {said}; {_MEND[table]}"


def folder_of(setting: str) -> Path:
    return Path(setting or tempfile.gettempdir())


def scratch_folder(setting: str, documents: int, file_bytes: int) -> Finding:
    """`documents` in progress at once lie there whole, each of `file_bytes` at most, besides pictures of their pages."""
    wanted = documents * file_bytes
    return _room(
        "watch",
        "scratch",
        setting,
        wanted,
        f"{documents} documents at once, of {rounded(file_bytes)} each at most",
        "Give it a larger disk by watch.scratch, or lower limits.file_bytes or watch.documents. With small documents nothing has to be done.",
    )


def copy_folder(setting: str, max_bytes: int) -> Finding:
    """Of the second copy of the results."""
    if not setting:
        return ok("No second copy of the results is kept on this machine (output.folder is empty).")
    held = sum(path.stat().st_size for path in folder_of(setting).rglob("*") if path.is_file() and not path.is_symlink())
    return _room(
        "output",
        "folder",
        setting,
        max(0, max_bytes - held),
        f"copies of {rounded(max_bytes)} in all, of which {rounded(held)} stand",
        "Lower output.max_bytes, or name a folder on a larger disk in output.folder.",
    )


def documents_folder(setting: str, file_bytes: int) -> Finding:
    """That takes the bucket's place."""
    return _room(
        "storage",
        "folder",
        setting,
        file_bytes,
        f"a document of {rounded(file_bytes)}",
        "Name a folder on a larger disk in storage.folder, or free some room.",
    )


def results_on_disk(output: str, max_bytes: int, documents: str | None, file_bytes: int) -> Finding:
    """Of `documents`, the folder in the bucket's place where there is one, and of the copy."""
    findings = [] if documents is None else [documents_folder(documents, file_bytes)]
    return together([*findings, copy_folder(output, max_bytes)])


def _room(table: str, name: str, folder: str, wanted: int, what: str, advice: str) -> Finding:
    fault = folder_fault(table, name, folder)
    if fault:
        place, _, mend = fault.rpartition("; ")
        return failed(sentence(place), sentence(mend))
    free = shutil.disk_usage(folder_of(folder)).free
    seen = f"{_named(folder)} can be written to and has {rounded(free)} free"
    if free < LEAST_BYTES:
        return failed(f"{seen}: nothing more can be read.", f"Free some room. {advice}")
    if free < wanted:
        return warning(f"{seen}; up to {rounded(wanted)} may be needed ({what}).", advice)
    return ok(f"{seen}.")


def _named(folder: str) -> str:
    return f"The folder {folder}" if folder else f"The system's temporary folder ({folder_of(folder)})"


def _shown(folder: str) -> str:
    return repr(folder) if folder else "the system's temporary folder"
