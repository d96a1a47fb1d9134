"""Reads the settings: defaults, then the TOML file, then the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, TomlConfigSettingsSource

from watcher.settings.s3 import S3_VARIABLES
from watcher.settings.tables import Settings
from watcher.settings.wording import SettingsError, unknown_variable, value_faults, variable_of, variables

# Kubernetes sets these in every container of a namespace that has a service called `watcher`.
_SERVICE_LINK = re.compile(r"WATCHER_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)")


class _Environment(EnvSettingsSource):
    """The environment as a value that is given, not looked up."""

    def __init__(self, settings: type[BaseSettings], environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._environ.items()}


def load_settings(config: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of `config` (else of the file that WATCHER_CONFIG names, else of none) and of `environ`, which wins.

    Raises `SettingsError` with a line for every fault found.
    """
    named = environ.get("WATCHER_CONFIG", "")
    path = config or (Path(named) if named else None)
    file = _read_file(path) if path else {}
    known = {name: environ[name] for name in variables() if name in environ}
    env: dict[str, Any] = _Environment(Settings, known)()
    faults = [unknown_variable(name) for name in sorted(environ) if _is_unknown(name)]

    def origin(table: str, name: str) -> str:
        return variable_of(table, name) if name in _within(env, table) else str(path)

    try:
        settings = Settings(**_merge(file, env, {name: environ.get(variable, "") for name, variable in S3_VARIABLES.items()}))
    except ValidationError as error:
        faults = value_faults(error.errors(), origin) + faults
        raise SettingsError(faults) from None  # pydantic's own text shows what was given, a secret too
    if faults:
        raise SettingsError(faults)
    return settings


def _is_unknown(variable: str) -> bool:
    if not variable.startswith("WATCHER_") or variable == "WATCHER_CONFIG":
        return False
    return variable not in variables() and not _SERVICE_LINK.fullmatch(variable)


def _within(values: Mapping[str, Any], table: str) -> Mapping[str, Any]:
    """The settings of `ocr` or `ocr.server`, none where something else stands there."""
    for name in table.split("."):
        found = values.get(name)
        values = found if isinstance(found, dict) else {}
    return values


def _merge(file: Mapping[str, Any], env: Mapping[str, Mapping[str, Any]], s3: Mapping[str, str]) -> dict[str, Any]:
    return {**_overlaid(file, env), "s3": dict(s3)}


def _overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Table by table; what is no table below stays, so that the file's fault is told first."""
    merged = dict(below)
    for name, value in above.items():
        standing = below.get(name, {} if isinstance(value, dict) else None)
        if not isinstance(value, dict):
            merged[name] = value
        elif isinstance(standing, dict):
            merged[name] = _overlaid(standing, value)
    return merged


def _read_file(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file():
            raise SettingsError([f"{path}: there is no such file; name the settings file with --config or WATCHER_CONFIG"])
        tables: dict[str, Any] = TomlConfigSettingsSource(Settings, toml_file=path)()
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{path}: is not UTF-8 text; save it as UTF-8"]) from None
    except ValueError as error:
        raise SettingsError([f"{path}: is not valid TOML: {error}"]) from None
    if "s3" in tables:
        raise SettingsError([f"{path}: [s3] is not read from the file; set {', '.join(S3_VARIABLES.values())}"])
    return tables
