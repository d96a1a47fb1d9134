"""The command line: one file per command."""

import sys


def main() -> None:
    """Ends the process. Importing the commands is within it, so that Ctrl-C is never answered by a traceback."""
    try:
        from watcher.cli.main import run_command

        run_command()
    except KeyboardInterrupt:
        sys.exit(130)
