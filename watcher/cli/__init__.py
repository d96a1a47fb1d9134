"""The command line: one file per command."""

from watcher.cli.main import main

__all__ = ["main"]
