"""The settings: whether they are whole, and which of them somebody changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import ByteSize, SecretStr

from watcher.doctor.wording import failed, ok, sentence, warning
from watcher.domain.doctor import Finding
from watcher.settings import Settings, SettingsError
from watcher.settings.tables import tables
from watcher.settings.wording import show, size

_UNSHOWN = {"ocr.server.command"}
"""Its arguments may hold a key."""


def settings_finding(settings: Settings, half_configured: str, unread: Sequence[str]) -> Finding:
    """`half_configured`: what to tell where some of the store's variables are set and not all; `unread`: variables that are set in vain."""
    changed = list(_changed(settings))
    seen = f"All settings are valid. Changed from their defaults: {'; '.join(changed)}." if changed else "All settings have their defaults."
    if unread:
        seen += f" Nothing reads {', '.join(unread)} any more: these variables may go."
    if half_configured:
        told, _, advice = half_configured.partition("; ")
        return warning(f"{sentence(told)} {seen}", sentence(advice))
    return ok(seen)


def unusable_settings(error: SettingsError) -> Finding:
    return failed(
        f"The settings cannot be used: {' / '.join(error.faults)}", "Correct what is named here; docs/settings.md lists every setting."
    )


def _changed(settings: Settings) -> Iterator[str]:
    for table, kind in tables().items():
        values: object = settings
        for part in table.split("."):
            values = getattr(values, part)
        for name, field in kind.settings().items():
            value = getattr(values, name)
            if value != field.default:
                yield f"{table}.{name} = {_shown(f'{table}.{name}', value)}"


def _shown(name: str, value: object) -> str:
    if isinstance(value, SecretStr) or name in _UNSHOWN:
        return "(set, not shown)"
    if isinstance(value, ByteSize):
        return size(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "(empty)"
    return f"{value:g}" if isinstance(value, float) else show(value).strip("'") or "(empty)"
