"""The settings as people read them: `python -m watcher.settings.render toml > config.example.toml`, `... markdown > docs/settings.md`."""

from __future__ import annotations

import json
import sys

from pydantic import ByteSize, SecretStr

from watcher.settings.s3 import S3, S3_VARIABLES
from watcher.settings.tables import tables
from watcher.settings.wording import allowed, size, variable_of

_TOML_HEAD = """\
# Every setting with its default. Copy the lines that you change, and name the file with --config or WATCHER_CONFIG.
# A variable of the environment wins over the file: poll_seconds of [watch] is WATCHER_WATCH__POLL_SECONDS.
# The store is set by variables alone: {variables}.
"""

_MARKDOWN_HEAD = """\
# Settings

Made by `python -m watcher.settings.render markdown`. Defaults, then the file that `--config` or `WATCHER_CONFIG` names
([config.example.toml](../config.example.toml)), then the environment.

## The store

Set by variables alone. With any of them missing or empty, `storage.folder` takes the bucket's place.

| variable | what it is |
|---|---|
"""


def as_toml() -> str:
    """A file that holds every setting with its default, and loads to the defaults."""
    parts = [_TOML_HEAD.format(variables=", ".join(S3_VARIABLES.values()))]
    for table, kind in tables().items():
        parts.append(f"\n# {_about(kind)}\n[{table}]\n")
        parts += [f"# {field.description} ({allowed(field)})\n{name} = {_toml(field.default)}\n" for name, field in kind.settings().items()]
    return "".join(parts)


def as_markdown() -> str:
    """A page with a table of settings for each table of the file."""
    parts = [_MARKDOWN_HEAD]
    parts += [f"| `{S3_VARIABLES[name]}` | {field.description} |\n" for name, field in S3.model_fields.items()]
    for table, kind in tables().items():
        parts.append(f"\n## {table}\n\n{_about(kind)}\n\n| setting and variable | default | allowed | why |\n|---|---|---|---|\n")
        for name, field in kind.settings().items():
            told = (_plain(allowed(field)), _plain(field.description or ""))
            cells = (f"`{name}`<br>`{variable_of(table, name)}`", f"`{_toml(field.default)}`", *told)
            parts.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n")
    return "".join(parts)


def _plain(text: str) -> str:
    """Patterns of names are no emphasis."""
    return text.replace("*", "\\*")


def _about(kind: type) -> str:
    return (kind.__doc__ or "").strip()


def _toml(value: object) -> str:
    if isinstance(value, SecretStr):
        return json.dumps(value.get_secret_value())
    if isinstance(value, ByteSize):
        return json.dumps(size(value))
    if isinstance(value, (int, float)):
        return f"{value:_}" if isinstance(value, int) and value >= 100_000 else f"{value:g}"
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


if __name__ == "__main__":
    sys.stdout.write({"toml": as_toml, "markdown": as_markdown}[sys.argv[1]]())
