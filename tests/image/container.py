"""Runs an image's program on its files in namespaces of its own, by the image's own configuration, without a container engine."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from servers.daemon import Daemon

PROGRAMS = ("unshare", "nsenter", "setpriv", "mount")
GROUP = 1000  # the base image's only group of a person
_ENTER = Path(__file__).with_name("enter.py")


@dataclass(frozen=True)
class Container:
    """`files` are those of an image, to be changed by what runs; `config` is the image's."""

    files: Path
    config: Mapping[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        return dict(variable.split("=", 1) for variable in self.config["Env"])

    @property
    def program(self) -> list[str]:
        return [*(self.config["Entrypoint"] or []), *(self.config["Cmd"] or [])]

    def command(
        self,
        program: Sequence[str],
        variables: Mapping[str, str],
        *,
        alone: bool = False,
        read_only: bool = False,
        binds: Mapping[Path, str] | None = None,
        temporary: Sequence[str] = (),
    ) -> list[str]:
        """What to start for `program` to run there as the image's user, with `variables` besides the image's own.

        `alone`: with a network of its own that has nothing but loopback. `binds`: folders of this machine and where they appear.
        """
        spec = {
            "root": str(self.files),
            "read_only": read_only,
            "alone": alone,
            "binds": [(str(here), there) for here, there in (binds or {}).items()],
            "temporary": list(temporary),
            "folder": self.config["WorkingDir"],
            "user": int(self.config["User"]),
            "group": GROUP,
            "environment": {**self.environment, **variables},
            "command": list(program),
        }
        spaces = ["--mount", "--pid", "--ipc", "--uts", *(["--net"] if alone else [])]
        return [
            *("setpriv", "--pdeathsig", "KILL", "--no-new-privs"),
            *("unshare", *spaces, "--fork", "--kill-child=KILL"),
            *(sys.executable, str(_ENTER), json.dumps(spec)),
        ]

    def run(self, *program: str, seconds: float = 120, **variables: str) -> subprocess.CompletedProcess[str]:
        """`program` to its end, alone."""
        command = self.command(program, variables, alone=True)
        return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)

    @contextmanager
    def running(self, log: Path, variables: Mapping[str, str], **how: Any) -> Iterator[Running]:
        """The image's program; killed at the end where it still runs. `how`: as for `command`."""
        with log.open("ab") as file:
            process = subprocess.Popen(self.command(self.program, variables, **how), stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        try:
            yield Running(process, log, self, dict(variables))
        finally:
            process.kill()  # everything in it ends with it
            process.wait()


@dataclass(frozen=True)
class Running(Daemon):
    """`process` is the one that made the container; the daemon is the container's first process."""

    container: Container
    variables: Mapping[str, str]

    @property
    def first(self) -> psutil.Process:
        """Waits until there is one. Fails with the log where there never will be."""
        return self.wait_for(self._children)[0]

    def _children(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return []

    def send(self, number: signal.Signals) -> None:
        self.first.send_signal(number)

    def execute(self, *program: str, seconds: float = 60, **variables: str) -> subprocess.CompletedProcess[str]:
        """`program` to its end beside the daemon, as its user and in its environment, as a container engine runs a health check."""
        environment = {**self.container.environment, **self.variables, **variables}
        enter = ["nsenter", "--target", str(self.first.pid), "--all", "--root", "--wd"]
        user = [f"--setuid={self.container.config['User']}", f"--setgid={GROUP}"]
        words = [f"{name}={value}" for name, value in environment.items()]
        command = [*enter, *user, "env", "--ignore-environment", *words, *program]
        return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
