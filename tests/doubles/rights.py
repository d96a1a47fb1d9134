"""Rights that root has and other users have not."""

from __future__ import annotations

import ctypes
import os

_PR_CAPBSET_DROP = 24  # linux/prctl.h
_TO_LOOK_INTO_OTHERS = (19, 21, 38)  # CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON; linux/capability.h


def drop_right_to_look() -> None:
    """For the `preexec_fn` of a program: it may then read of other processes what any process of their user may."""
    if os.geteuid() != 0:
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for capability in _TO_LOOK_INTO_OTHERS:
        if prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_CAPBSET_DROP)")
