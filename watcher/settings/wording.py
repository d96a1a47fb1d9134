"""Says in one line per fault which setting is wrong, what was given and what is allowed. Never says a secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import ByteSize, SecretStr
from pydantic.fields import FieldInfo

from watcher.settings.s3 import S3_VARIABLES
from watcher.settings.tables import tables

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_MAX_SHOWN = 80
_PREFIX = "WATCHER_"
_LIKENESS = 0.7  # of 1; at 0.6 `foo.port` would mean `http.port`


class SettingsError(Exception):
    """The settings cannot be used. `faults` has one line for each thing to mend; no line holds a secret."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(_printable(fault) for fault in faults)
        super().__init__("\n".join(self.faults))


def variable_of(table: str, name: str) -> str:
    return f"{_PREFIX}{table}__{name}".replace(".", "__").upper()


def variables() -> dict[str, tuple[str, str]]:
    """Every WATCHER_ variable that names a setting, with its table and name."""
    return {variable_of(table, name): (table, name) for table, kind in tables().items() for name in kind.settings()}


def allowed(field: FieldInfo) -> str:
    """What a setting may be: `auto, json or console`, `a whole number from 1 to 65535`."""
    if get_origin(field.annotation) is Literal:
        *head, last = get_args(field.annotation)
        return f"{', '.join(head)} or {last}"
    least = next((rule.ge for rule in field.metadata if isinstance(rule, Ge)), None)
    most = next((rule.le for rule in field.metadata if isinstance(rule, Le)), None)
    if field.annotation is ByteSize:
        return f"a size from {size(int(str(least)))} to {size(int(str(most)))}, as a number of bytes or such as 2 GiB"
    if field.annotation in (int, float):
        kind = "a whole number" if field.annotation is int else "a number"
        return f"{kind} from {least} to {most}"
    if get_origin(field.annotation) is tuple:
        return "a list, such as " + ", ".join(field.default) if field.default else "a list, or empty"
    if field.annotation is SecretStr:
        return "a secret text, or empty"
    return f"text, such as {field.default}" if field.default else "text, or empty"


def size(value: int) -> str:
    """1073741824 → `1 GiB`; exact, so that it reads back as the same number."""
    unit = 0
    while value and value % 1024 == 0 and unit < len(_UNITS) - 1:
        value, unit = value // 1024, unit + 1
    return f"{value} {_UNITS[unit]}"


def value_faults(errors: Iterable[Mapping[str, Any]], origin: Callable[[str, str], str]) -> list[str]:
    """One line for each of pydantic's `errors`; `origin(table, name)` says where the value came from."""
    return [_fault(error, origin) for error in errors]


def _fault(error: Mapping[str, Any], origin: Callable[[str, str], str]) -> str:
    table, name = _place(error["loc"])
    said = str(error["ctx"]["error"]) if error["type"] == "value_error" else ""
    if table == "s3":
        shown = (
            "" if name in ("access_key", "secret_key") or _may_hold_a_secret(error["input"]) else f"{show(error['input'])} cannot be used; "
        )
        return f"{S3_VARIABLES[name]}: {shown}{said or error['msg']}"
    if error["type"] == "extra_forbidden":
        return unknown_setting(f"{table}.{name}" if name else table, origin(table, name))
    if not name:
        return f"[{table}]: {said or f'give a table of settings, that is a line [{table}] and the settings below it'}"
    field = tables()[table].settings()[name]
    secret = field.annotation is SecretStr or _may_hold_a_secret(error["input"])
    given = f"{table}.{name} ({origin(table, name)}): {'what was given' if secret else show(error['input'])} cannot be used; "
    return given + (said or f"allowed is {allowed(field)}")


def _may_hold_a_secret(given: object) -> bool:
    """As addresses do: `http://user:password@host`, `https://host/a.pdf?X-Amz-Signature=...`."""
    return re.search(r"@|\?.*=", str(given), re.DOTALL) is not None


def _place(loc: Sequence[int | str]) -> tuple[str, str]:
    """The table and the setting; no setting where the table itself is wrong."""
    parts = [str(part) for part in loc]
    inner = ".".join(parts[:2])
    if inner in tables():
        return inner, parts[2] if len(parts) > 2 else ""
    return parts[0], parts[1] if len(parts) > 1 else ""


def unknown_setting(setting: str, origin: str) -> str:
    if setting.split(".")[0] == "s3":
        return f"{setting} ({origin}): the store's settings are not read from the file; set {', '.join(S3_VARIABLES.values())}"
    known = [f"{table}.{name}" for table, kind in tables().items() for name in kind.settings()]
    # A table alone is compared with tables; a bare name that stands outside of its table is found too.
    candidates = known if "." in setting else [*tables(), *known]
    bare = [full for full in known if full.endswith("." + setting)]
    return f"{setting} ({origin}): there is no such setting{_did_you_mean(setting, candidates, bare)}"


def unknown_variable(variable: str) -> str:
    given = variable.removeprefix(_PREFIX)
    known = {each.removeprefix(_PREFIX): name for each, (_, name) in variables().items()}
    bare = [each for each, name in known.items() if name in (given.lower(), given.lower().split("_", 1)[-1])]
    meant = _did_you_mean(given, list(known), bare[:1], _PREFIX)
    return f"{variable} (environment): there is no such setting{meant}"


def _did_you_mean(given: str, known: list[str], sure: list[str], prefix: str = "") -> str:
    """`prefix` is shown but not compared: what all names share would make strangers look alike."""
    close = sure or get_close_matches(given, known, n=1, cutoff=_LIKENESS)
    return f"; did you mean {prefix}{close[0]}?" if close else "; config.example.toml lists them all"


def show(value: object) -> str:
    """A given value, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."


def _printable(line: str) -> str:
    # Names, too, come from a file that anybody may have written.
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in line)
