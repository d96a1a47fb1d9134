"""How much memory this process may use, and whether that suffices for what the settings allow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from watcher.doctor.wording import ok, rounded, warning
from watcher.domain.doctor import Finding

OWN_BYTES = 1 << 30
"""Left for the daemon itself and the system."""
_UNLIMITED = 1 << 60
"""cgroup v1 writes a number near 2^63 where there is no limit."""


def cgroup_limit(memberships: str, root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes; None where nothing limits it. `memberships` is /proc/self/cgroup.

    Of versions 1 and 2, the least of our own group and those around it. Within a container's own view its limit stands at the top.
    """
    limits = [limit for file in _limit_files(memberships, root) if (limit := _read(file)) is not None]
    return min(limits, default=None)


def memory(total: int, limit: int | None, parsing: int, processes: int, engine: int) -> Finding:
    """Bytes: of the machine, of its group, and what `processes` that open documents and the engines may take at most; `engine` 0 where it does not grow."""
    have = min(total, limit) if limit else total
    whose = "This container (or service) may use" if limit and limit < total else "This machine has"
    seen = f"{whose} {rounded(have)} of memory"
    opening = parsing * processes + OWN_BYTES
    if have < opening:
        return warning(
            f"{seen}; opening documents alone may take {rounded(parsing * processes)} (limits.parse_memory_bytes for each of"
            f" {processes} process{'es' if processes > 1 else ''}). On a large or hostile document the system may end the whole daemon.",
            f"Give it {rounded(opening)} or more, or lower limits.parse_memory_bytes.",
        )
    if engine and have < opening + engine:
        return warning(
            f"{seen}; with the engine grown to ocr.recycle_bytes on every device, up to {rounded(opening + engine)} may be used. Before it is"
            " restarted for its size, the system may end the whole daemon.",
            "Lower ocr.recycle_bytes, or give it more memory.",
        )
    return ok(f"{seen}, enough for what the settings allow.")


def _limit_files(memberships: str, root: Path) -> Iterator[Path]:
    for line in memberships.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            yield from (root / folder / "memory.max" for folder in _upward(path))
        elif "memory" in controllers.split(","):
            yield from (root / "memory" / folder / "memory.limit_in_bytes" for folder in _upward(path))


def _upward(path: str) -> Iterator[str]:
    parts = PurePosixPath(path.lstrip("/")).parts
    return ("/".join(parts[:count]) for count in range(len(parts), -1, -1) if ".." not in parts)


def _read(file: Path) -> int | None:
    try:
        limit = int(file.read_text())
    except (OSError, ValueError):  # `max` too
        return None
    return limit if 0 < limit < _UNLIMITED else None
