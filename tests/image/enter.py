"""The first process of a container, until it becomes the program: run by `container.py` in new namespaces, as root, with JSON on the command line.

What a container engine gives by default: /proc, /sys to look at, a small /dev with 64 MiB of shared memory, names for loopback; on wish a
root file system that cannot be written, and a loopback device that leads nowhere else.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

_DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}  # minor numbers of /dev/mem's driver, the major is 1
_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_PR_SET_PDEATHSIG = 1


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def main(spec: dict[str, Any]) -> None:
    root = Path(spec["root"])
    if spec["read_only"]:
        mount("--bind", root, root)
        mount("--options", "remount,bind,ro", root)
    mount("--types", "proc", "proc", root / "proc")
    mount("--types", "sysfs", "--options", "ro", "sysfs", root / "sys")
    mount("--types", "tmpfs", "--options", "mode=755,size=64k", "tmpfs", root / "dev")
    os.umask(0)
    for name, minor in _DEVICES.items():
        os.mknod(root / "dev" / name, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
    for name, target in _LINKS.items():
        (root / "dev" / name).symlink_to(target)
    (root / "dev" / "shm").mkdir()
    mount("--types", "tmpfs", "--options", "mode=1777,size=64m", "tmpfs", root / "dev" / "shm")
    for here, there in spec["binds"]:
        mount("--bind", here, root / there.lstrip("/"))
    for there in spec["temporary"]:
        mount("--types", "tmpfs", "--options", "mode=1777", "tmpfs", root / there.lstrip("/"))
    if spec["alone"]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP))
    os.umask(0o022)
    os.chroot(root)
    os.chdir(spec["folder"])
    os.setgroups([])
    os.setgid(spec["group"])
    os.setuid(spec["user"])
    # changing the user has undone it: it ends with the program that started it
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.execvpe(spec["command"][0], spec["command"], spec["environment"])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
