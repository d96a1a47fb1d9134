"""Keeps a process's secrets from other processes of the same user: what its environment holds, and its memory."""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h
# also CLOUDRU_API_KEY, which containers of before were given
_SECRETS = ("CLOUDRU_", "WATCHER_OCR__SERVER__API_KEY", "WATCHER_HTTP__EVENTS_TOKEN")


def forget_secrets() -> None:
    """Removes the variables that hold keys, and wipes their values from the block that /proc/<pid>/environ shows and that children are given."""
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    for name in [name for name in os.environ if name.startswith(_SECRETS)]:
        address = libc.getenv(name.encode())
        if address:
            ctypes.memset(address, 0, len(ctypes.string_at(address)))
        del os.environ[name]


def close_memory() -> None:
    """Only root may then trace this process or read its memory, and it leaves no core dump. A program that it starts is open again.

    Linux alone can do that. Raises OSError where the kernel refuses.
    """
    if not sys.platform.startswith("linux"):
        return
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE)")
