"""Why a document waits although nothing is wrong with it: no attempt is charged, and it is tried again after growing pauses."""

from __future__ import annotations

from enum import Enum


class Wait(str, Enum):
    """Words never change their meaning: `watcher status` and the log show them."""

    STORE_FAILED = "store_failed"
    LOCAL_DISK_FAILED = "local_disk_failed"
    CHILD_PROCESS_FAILED = "child_process_failed"
    GIVEN_BACK = "given_back"
    READ_ANEW = "read_anew"
