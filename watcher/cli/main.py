"""The commands and what they share: the settings, and errors as one line.

What a command needs is imported once it is called: nobody waits for the daemon's imports but who runs it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from watcher import __version__
from watcher.cli.missing import half_configured
from watcher.domain import exits
from watcher.domain.errors import ErrorCode
from watcher.settings import Settings, SettingsError, load_settings
from watcher.storage.port import StoreError

app = typer.Typer(
    name="watcher",
    help="Drop a document into a bucket, get its text and structure back in the bucket.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Config = Annotated[
    Path | None, typer.Option("--config", envvar="WATCHER_CONFIG", help="Settings file (TOML). The environment goes before it.")
]


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def _load(config: Path | None) -> Settings:
    return load_settings(config, os.environ)


def _load_and_warn(config: Path | None) -> Settings:
    settings = _load(config)
    if notice := half_configured(settings):
        typer.echo(f"watcher: {notice}", err=True)
    return settings


@app.command("run")
def _run(config: Config = None, drain: Annotated[bool, typer.Option("--drain", help="End when the inbox is empty.")] = False) -> None:
    """Watch the inbox and read what is dropped there.

    With --drain the exit code is 0 if all documents of this run succeeded, 3 if some are in failed/.
    """
    from watcher.cli import run

    run.run(_load(config), drain=drain)


@app.command("put")
def _put(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders; a folder comes with its own name.", show_default=False)],
    config: Config = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all are finished or failed. Exit code 3 if some failed.")] = False,
) -> None:
    """Drop documents into the inbox."""
    from watcher.cli import put

    raise typer.Exit(put.put(_load_and_warn(config), paths, wait=wait))


@app.command("status")
def _status(config: Config = None) -> None:
    """Show what is pending, in progress, waiting, failed and finished."""
    from watcher.cli import status

    status.status(_load_and_warn(config))


@app.command("retry")
def _retry(
    keys: Annotated[list[str] | None, typer.Argument(metavar="KEY", help="Names of failed documents.", show_default=False)] = None,
    config: Config = None,
    everything: Annotated[bool, typer.Option("--all", help="All failed documents.")] = False,
    code: Annotated[ErrorCode | None, typer.Option("--code", help="All that failed with this code.", show_choices=False)] = None,
) -> None:
    """Put failed documents back into the inbox: they are tried again, and pages that were read are kept.

    A KEY is a name as `status` shows it, or as it stands under failed/. Exit code 3 if some stay in failed/, 1 if there is no such document.
    """
    if sum((bool(keys), everything, code is not None)) != 1:
        raise typer.BadParameter("give names of documents, or --all, or --code CODE")
    from watcher.cli import retry

    raise typer.Exit(retry.retry(_load_and_warn(config), keys or [], code))


@app.command("redo")
def _redo(
    keys: Annotated[list[str], typer.Argument(metavar="KEY", help="Names of finished documents.", show_default=False)],
    config: Config = None,
) -> None:
    """Have finished documents read anew, by a better engine for instance. The former results stay beside the new ones.

    A KEY is the name that the document was dropped under, or as it stands under processed/. Exit code 1 if some cannot be read anew.
    """
    from watcher.cli import redo

    raise typer.Exit(redo.redo(_load_and_warn(config), keys))


def run_command() -> None:
    """Ends the process: expected errors as one line on standard error and exit code 1, wrong arguments with 2."""
    try:
        app()
    except (SettingsError, StoreError, OSError) as error:
        sys.stderr.write(f"watcher: {error}\n")
        sys.exit(exits.ERROR)
