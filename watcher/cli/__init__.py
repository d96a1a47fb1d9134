"""The command line: one file per command."""

import os
import signal
import sys


def main() -> None:
    """Ends the process. Importing the commands is within it, so that Ctrl-C is never answered by a traceback.

    SIGTERM ends it from the first moment: as process 1 of a container it would else be ignored until the daemon has a handler of its own.
    """
    signal.signal(signal.SIGTERM, lambda number, _frame: os._exit(128 + number))
    try:
        from watcher.cli.main import run_command

        run_command()
    except KeyboardInterrupt:
        sys.exit(130)
