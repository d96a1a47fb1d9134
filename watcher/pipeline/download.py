"""A finished result onto a person's disk: every file is checked against the manifest before it appears under its name.

The manifest is what anybody may have written into the bucket: its names decide nothing but which of the plain names we use stand in the folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from watcher.domain.manifest import Manifest
from watcher.domain.page import Output
from watcher.pipeline.finished import Finished
from watcher.pipeline.scratch import own_folder, remove_abandoned
from watcher.results.names import MANIFEST, is_result_name
from watcher.storage.digest import sha256_of
from watcher.storage.port import NotFoundError, Store, TooLargeError

_PARTIAL = ".watcher-partial-"
_MOST_NAMED = 5
_SHA256 = re.compile("[0-9a-f]{64}")


class NotDownloadedError(Exception):
    """The result cannot be brought into the folder. The text tells a person why, and what to do."""


@dataclass(frozen=True)
class Downloaded:
    """How many files came, how many stood there already, and how many of another result were removed; the manifest is not counted."""

    came: int
    stood: int
    removed: int


def files_of(manifest: Manifest) -> list[Output]:
    """Its outputs, once each of them may be a file of the folder. Raises `NotDownloadedError`."""
    seen: set[str] = set()
    for output in manifest.outputs:
        if not is_result_name(output.name) or output.name.casefold() == MANIFEST or not _SHA256.fullmatch(output.sha256) or output.size < 0:
            raise NotDownloadedError(
                f"its {MANIFEST} names what is no file of a result, {output.name!r}: it was not written by this program"
            )
        if output.name.casefold() in seen:
            raise NotDownloadedError(f"its {MANIFEST} names {output.name!r} twice: it was not written by this program")
        seen.add(output.name.casefold())
    return list(manifest.outputs)


def download(store: Store, finished: Finished, folder: Path, *, force: bool, threads: int, came: Callable[[int], None]) -> Downloaded:
    """Brings the files of `finished` and its manifest, the manifest last, into `folder`, which need not exist.

    A file that stands there with the same content is left alone, so that a download which was broken off goes on; one with another is only
    overwritten with `force`, which also removes what the manifest that stands there names and the new one does not. `came` is told of the bytes
    of each file that is in place, in any thread. Raises `NotDownloadedError`, `StoreError`, `OSError`.
    """
    files = files_of(finished.manifest)
    if folder.exists() and not folder.is_dir():
        raise NotDownloadedError(f"{folder} is a file: name another folder")
    missing, other = [], []
    for output in files:
        path = folder / output.name
        if not path.exists():
            missing.append(output)
        elif _is(path, output):
            came(output.size)
        else:
            other.append(output)
    standing = _standing_manifest(folder / MANIFEST)
    if not force:
        _require_untouched(folder, [output.name for output in other], standing, finished)
    folder.mkdir(parents=True, exist_ok=True)
    remove_abandoned(folder, _PARTIAL)
    with own_folder(folder, _PARTIAL) as partial:
        _bring(store, finished, folder, partial, [*missing, *other], threads, came)
        (partial / MANIFEST).write_bytes(finished.body)
        (partial / MANIFEST).replace(folder / MANIFEST)
    removed = _remove(folder, _left_over(standing, files))
    return Downloaded(len(missing) + len(other), len(files) - len(missing) - len(other), removed)


def fetch_one(store: Store, finished: Finished, name: str, target: Path) -> None:
    """One file of the result, checked. Raises `NotDownloadedError`, `StoreError`, `OSError`."""
    for output in files_of(finished.manifest):
        if output.name == name:
            return _fetch(store, finished.folder, output, target)
    raise NotDownloadedError(f"its {MANIFEST} names no {name}")


def _require_untouched(folder: Path, other: list[str], standing: bytes | None, finished: Finished) -> None:
    if standing is not None and standing != finished.body:
        raise NotDownloadedError(f"{folder} holds another result: name another folder, or overwrite it with --force")
    if other:
        named = ", ".join(other[:_MOST_NAMED]) + (", ..." if len(other) > _MOST_NAMED else "")
        raise NotDownloadedError(
            f"{folder} holds other files under these names: {named}; name another folder, or overwrite them with --force"
        )


def _bring(
    store: Store, finished: Finished, folder: Path, partial: Path, outputs: list[Output], threads: int, came: Callable[[int], None]
) -> None:
    def bring(number: int, output: Output) -> None:
        path, temporary = folder / output.name, partial / str(number)
        _fetch(store, finished.folder, output, temporary)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(path)
        came(output.size)

    with ThreadPoolExecutor(threads, "download") as executor:
        futures = [executor.submit(bring, number, output) for number, output in enumerate(outputs)]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
        for future in done:
            future.result()


def _fetch(store: Store, prefix: str, output: Output, target: Path) -> None:
    try:
        store.download(prefix + output.name, target, output.size)
    except NotFoundError:
        raise NotDownloadedError(f"{prefix}{output.name} does not stand there any more: `watcher redo` reads the document anew") from None
    except TooLargeError:
        raise _flawed(prefix, output) from None
    if not _is(target, output):
        raise _flawed(prefix, output)


def _flawed(prefix: str, output: Output) -> NotDownloadedError:
    return NotDownloadedError(
        f"{prefix}{output.name} was changed or damaged since it was written ({MANIFEST} tells another content): `watcher redo` reads the document anew"
    )


def _is(path: Path, output: Output) -> bool:
    return path.is_file() and path.stat().st_size == output.size and sha256_of(path) == output.sha256


def _standing_manifest(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _left_over(standing: bytes | None, files: Iterable[Output]) -> list[str]:
    """What a manifest that was overwritten names and ours does not."""
    try:
        former = files_of(Manifest.model_validate_json(standing or b""))
    except (ValidationError, NotDownloadedError):
        return []
    ours = {output.name.casefold() for output in files}
    return [output.name for output in former if output.name.casefold() not in ours]


def _remove(folder: Path, names: list[str]) -> int:
    found = [folder / name for name in names if (folder / name).is_file()]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
