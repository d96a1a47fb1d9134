"""The commands as a page: `python -m watcher.cli.render > docs/commands.md`."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import typer

from watcher.cli.examples import EXAMPLES
from watcher.cli.main import EXIT_CODES, app

_HEAD = """\
# Commands

Made by `python -m watcher.cli.render`. `watcher --help` and `watcher COMMAND --help` show the same in a terminal.

{about}
"""
_EXIT_CODES = """
## Exit codes

| code | |
|---|---|
{rows}"""
_COMPLETION = """
## Completion

`watcher --install-completion` teaches your shell (bash, zsh, fish, PowerShell) to complete commands, options, error codes and the names of documents;
`watcher --show-completion` prints the script. Names are looked up in the store while you type, for two seconds at most; those with characters that
a shell would act on are left out.
"""


def as_markdown() -> str:
    """A section for each command, in the order of the help."""
    root = typer.main.get_command(app)
    commands: dict[str, Any] = root.commands  # type: ignore[attr-defined]  # of typer's group
    rows = "".join(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
    sections = [_section(name, command) for name, command in commands.items()]
    return _HEAD.format(about=inspect.cleandoc(root.help or "")) + "".join(sections) + _EXIT_CODES.format(rows=rows) + _COMPLETION


def _section(name: str, command: Any) -> str:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option" and not param.hidden]
    usage = " ".join([f"watcher {name}", *(["[OPTIONS]"] if options else []), *map(_usage, arguments)])
    rows = [(_usage(param), param.help) for param in arguments] + [(_option(param), param.help) for param in options]
    table = "".join(f"| `{shown}` | {_cell(about)} |\n" for shown, about in rows)
    examples = "".join(f"{example.line:<42}  # {example.does}\n" for example in EXAMPLES[name])
    return f"\n## {name}\n\n{inspect.cleandoc(command.help)}\n\n    {usage}\n\n| | |\n|---|---|\n{table}\n```bash\n{examples}```\n"


def _usage(param: Any) -> str:
    shown = f"{(param.metavar or param.name).upper()}{'...' if param.nargs == -1 else ''}"
    return shown if param.required else f"[{shown}]"


def _option(param: Any) -> str:
    names = ", ".join(param.opts)
    return names if param.is_flag else f"{names} {(param.metavar or param.name).upper()}"


def _cell(about: str | None) -> str:
    return (about or "").replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
