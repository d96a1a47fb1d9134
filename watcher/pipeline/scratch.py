"""The folder on the local disk that downloads and drawn pages pass through."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import psutil


def make_scratch(parent: str) -> Path:
    """A folder of this process's own below `parent` (empty: the system's temporary folder); what dead processes left there is removed."""
    root = Path(parent or tempfile.gettempdir())
    root.mkdir(parents=True, exist_ok=True)
    for left in root.glob("watcher-scratch-[0-9]*-*"):
        pid = left.name.split("-")[2]
        if pid == str(os.getpid()) or not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"watcher-scratch-{os.getpid()}-", dir=root))
