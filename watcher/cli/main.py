"""The commands and what they share: the settings, and errors as one line.

What a command needs is imported once it is called: nobody waits for the daemon's imports but who runs it, and nobody for the settings who asks for help.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watcher import __version__
from watcher.cli.complete import failed_names, finished_names
from watcher.cli.examples import epilog
from watcher.domain import exits
from watcher.domain.errors import ErrorCode

if TYPE_CHECKING:
    from watcher.settings import Settings

_ABOUT = """\
Drop a document into a bucket, get its text and structure back in the bucket.

Where that is: the four variables CLOUDRU_S3_ENDPOINT, CLOUDRU_S3_BUCKET,
CLOUDRU_S3_ACCESS_KEY and CLOUDRU_S3_SECRET_KEY name a bucket; without them
the folder WATCHER_STORAGE__FOLDER (./data) takes its place.
Everything else has a default, which the file of --config or WATCHER_CONFIG
changes, and before that a variable WATCHER_TABLE__NAME: see docs/settings.md.
"""
EXIT_CODES = {
    exits.OK: "done",
    exits.ERROR: "an error, told in one line",
    2: "wrong arguments",
    exits.SOME_FAILED: "done, and some documents failed: they are in failed/",
    exits.UNFINISHED: "not finished yet",
}
_DOCUMENTS, _TROUBLE, _SERVICE = "Documents", "When something is wrong", "The service"

app = typer.Typer(
    name="watcher",
    help=_ABOUT,
    epilog="Exit codes:\n\n" + "\n".join(f"{code}   {meaning}" for code, meaning in EXIT_CODES.items()),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", envvar="WATCHER_CONFIG", help="Settings file (TOML). Variables win over it.")
]


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def _load(config: Path | None) -> Settings:
    from watcher.settings import load_settings

    return load_settings(config, os.environ)


def _load_and_warn(config: Path | None) -> Settings:
    from watcher.cli.missing import absent_folder, half_configured

    settings = _load(config)
    for notice in filter(None, (half_configured(settings), absent_folder(settings))):
        typer.echo(f"watcher: {notice}", err=True)
    return settings


@app.command("put", epilog=epilog("put"), rich_help_panel=_DOCUMENTS)
def _put(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files and folders; a folder comes with its own name.", show_default=False)
    ],
    config: Config = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all are finished or failed, and tell where to look.")] = False,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", min=0, help="Wait no longer than that, and tell what still goes on.")
    ] = None,
) -> None:
    """Drop documents into the inbox.

    With --wait the exit code is 0 if all are finished, 3 if some failed, 4 if
    the time of --timeout was up first.
    """
    if timeout is not None and not wait:
        raise typer.BadParameter("--timeout goes with --wait")
    from watcher.cli import put

    raise typer.Exit(put.put(_load_and_warn(config), paths, wait=wait, timeout=timeout))


@app.command("get", epilog=epilog("get"), rich_help_panel=_DOCUMENTS)
def _get(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Name of a document.", show_default=False, autocompletion=finished_names)],
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR", help="Where the results go; by default a folder of the document's name, without its ending.", show_default=False
        ),
    ] = None,
    config: Config = None,
    version: Annotated[
        str | None, typer.Option("--version", metavar="V", help="Another version than the newest: the name of its folder.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite other files, and results of another version.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write only the text, as Markdown, to standard output.")] = False,
) -> None:
    """Download what was read of a document: text, JSON, preview, pictures.

    A KEY is the name that the document was dropped under, or as it stands
    under processed/. Every file is checked; those that are there already are
    not fetched again. Exit code 4 if the document is not finished yet, 3 if it
    failed, 1 if there is no such document.
    """
    if markdown and (folder is not None or force):
        raise typer.BadParameter("--markdown writes no files: leave DIR and --force out")
    from watcher.cli import get

    raise typer.Exit(get.get(_load_and_warn(config), key, folder, version=version, force=force, markdown=markdown))


@app.command("status", epilog=epilog("status"), rich_help_panel=_DOCUMENTS)
def _status(
    config: Config = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Draw it again and again, until Ctrl-C.")] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=0.5, max=3600, help="Seconds between two pictures of --watch.")
    ] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as docs/schema/status.schema.json describes it.")] = False,
) -> None:
    """Show the replicas, and what is pending, in progress, waiting, failed and finished.

    docs/status.md tells what each column means.
    """
    if watch and as_json:
        raise typer.BadParameter("give --watch or --json, not both")
    if watch and not sys.stdout.isatty():
        raise typer.BadParameter("--watch draws on a terminal, and the output goes elsewhere: use --json, again and again if need be")
    from watcher.cli import status

    status.status(_load_and_warn(config), as_json=as_json, every=every if watch else None)


@app.command("doctor", epilog=epilog("doctor"), rich_help_panel=_TROUBLE)
def _doctor(
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as docs/schema/doctor.schema.json describes it.")] = False,
    no_engine: Annotated[bool, typer.Option("--no-engine", help="Do not load the engine, which may take minutes.")] = False,
    policy: Annotated[bool, typer.Option("--policy", help="Print the smallest bucket policy that suffices, and nothing else.")] = False,
    principal: Annotated[str, typer.Option(metavar="NAME", help="Whom the policy is for, as the store names its users.")] = "",
) -> None:
    """Check settings, store, rights, disk, memory, GPU and engine, and say what to do.

    Exit code 0 if nothing failed (there may be warnings), 1 if something did.
    Leaves nothing in the bucket.
    """
    from watcher.cli import doctor

    if policy:
        raise typer.Exit(doctor.print_policy(_load(config), principal))
    raise typer.Exit(doctor.doctor(config, os.environ, as_json=as_json, trial=not no_engine, principal=principal))


@app.command("retry", epilog=epilog("retry"), rich_help_panel=_TROUBLE)
def _retry(
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY", help="Names of failed documents.", show_default=False, autocompletion=failed_names),
    ] = None,
    config: Config = None,
    everything: Annotated[bool, typer.Option("--all", help="All failed documents.")] = False,
    code: Annotated[ErrorCode | None, typer.Option("--code", help="All that failed with this code.", show_choices=False)] = None,
) -> None:
    """Put failed documents back into the inbox.

    They are tried again, and pages that were read are kept. A KEY is a name as
    `status` shows it, or as it stands under failed/. Exit code 3 if some stay
    in failed/, 1 if there is no such document.
    """
    if sum((bool(keys), everything, code is not None)) != 1:
        raise typer.BadParameter("give names of documents, or --all, or --code CODE")
    from watcher.cli import retry

    raise typer.Exit(retry.retry(_load_and_warn(config), keys or [], code))


@app.command("redo", epilog=epilog("redo"), rich_help_panel=_TROUBLE)
def _redo(
    keys: Annotated[
        list[str], typer.Argument(metavar="KEY", help="Names of finished documents.", show_default=False, autocompletion=finished_names)
    ],
    config: Config = None,
) -> None:
    """Have finished documents read anew, by a better engine for instance.

    The former results stay beside the new ones. A KEY is the name that the
    document was dropped under, or as it stands under processed/. Exit code 1
    if some cannot be read anew.
    """
    from watcher.cli import redo

    raise typer.Exit(redo.redo(_load_and_warn(config), keys))


@app.command("run", epilog=epilog("run"), rich_help_panel=_SERVICE)
def _run(config: Config = None, drain: Annotated[bool, typer.Option("--drain", help="End when the inbox is empty.")] = False) -> None:
    """Watch the inbox and read what is dropped there.

    With --drain the exit code is 0 if all documents of this run succeeded, 3
    if some are in failed/.
    """
    from watcher.cli import run

    run.run(_load(config), drain=drain)


def run_command() -> None:
    """Ends the process: expected errors as one line on standard error and exit code 1, wrong arguments with 2."""
    try:
        app()
    except Exception as error:
        if not _is_expected(error):
            raise
        from watcher.domain.terminal import escaped_text

        sys.stderr.write(f"watcher: {escaped_text(str(error))}\n")  # names of files and words of the store are what anybody wrote
        sys.exit(exits.ERROR)


def _is_expected(error: Exception) -> bool:
    from watcher.settings import SettingsError
    from watcher.storage.port import StoreError

    return isinstance(error, (SettingsError, StoreError, OSError))
