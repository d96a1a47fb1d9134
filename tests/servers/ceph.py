"""One-node Ceph with its S3 gateway, on loopback and in memory: a real S3 server, up in a few seconds.

`PYTHONPATH=tests python -m servers.ceph` runs it until Ctrl-C and prints the variables that reach a new bucket on it.
Debian's packages `radosgw ceph-mon ceph-osd` suffice, root and systemd are not needed.
"""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from servers.programs import START_SECONDS, ServerError, answers, running_program, wait_until
from servers.s3_server import S3Server, free_port

PACKAGES = "radosgw ceph-mon ceph-osd"
PROGRAMS = ("radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "monmaptool")
ACCESS_KEY, SECRET_KEY = "tenant:key", "secret"
CALL_TRIES = 10

CONFIGURATION = """
[global]
fsid = {fsid}
mon host = [v1:127.0.0.1:{mon_port}]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
# one copy of everything, on one node
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
# the monitor waits a second over every proposal unless told otherwise
paxos propose interval = 0.05
paxos min wait = 0.01
run dir = {root}
crash dir = {root}
admin socket =
keyring = {root}/keyring
log file =
log to stderr = true
err to stderr = true
[mon.a]
mon data = {root}/mon
mon addr = 127.0.0.1:{mon_port}
[osd.0]
osd data = {root}/osd
osd objectstore = memstore
memstore device bytes = 4G
# else the OSD moves itself about at its start, and now and then aborts
osd class update on start = false
osd crush update on start = false
[client.rgw]
rgw data = {root}/rgw
rgw frontends = beast endpoint=127.0.0.1:{s3_port} tcp_nodelay=1
rgw dns name = localhost
rgw thread pool size = 64
rgw run sync thread = false
# takes a password in a topic's address from who says that TLS ended before it
rgw trust forwarded https = true
# a quota that was changed counts at once
rgw bucket quota ttl = 0
"""


@dataclass(frozen=True)
class CephServer(S3Server):
    """`admin` runs `radosgw-admin` with these arguments."""

    admin: Callable[..., str] = field(kw_only=True)

    def new_user(self) -> CephServer:
        """The same server for a user of its own, who owns nothing yet and of whom tests may change everything."""
        name = f"user-{uuid4().hex[:12]}"
        access_key, secret_key = f"tenant:{name}", f"secret-of-{name}"
        self.admin("user", "create", f"--uid={name}", f"--display-name={name}", f"--access-key={access_key}", f"--secret-key={secret_key}")
        return CephServer(self.endpoint, access_key, secret_key, admin=self.admin)

    @property
    def uid(self) -> str:
        """Of a user that `new_user` made."""
        return self.access_key.removeprefix("tenant:")


@contextmanager
def run_ceph(root: Path) -> Iterator[CephServer]:
    """Keeps its logs in the existing, empty folder `root`; its processes end with this process, however that ends."""
    s3_port, mon_port = free_port(), free_port()
    fsid = str(uuid4())
    for name in ("mon", "osd", "rgw"):
        (root / name).mkdir()
    (root / "keyring").touch()
    configuration = root / "ceph.conf"
    configuration.write_text(CONFIGURATION.format(root=root, fsid=fsid, mon_port=mon_port, s3_port=s3_port))

    def call_once(*command: str) -> str:
        finished = subprocess.run([*command, "-c", str(configuration)], capture_output=True, text=True, timeout=START_SECONDS, check=False)
        if finished.returncode:
            raise ServerError(f"{' '.join(command)}: {finished.stderr[-2000:]}")
        return finished.stdout

    def call(*command: str) -> str:
        """A monitor that has just come up now and then answers EPERM or nothing; every command here may be repeated."""
        for _ in range(CALL_TRIES - 1):
            with suppress(ServerError):
                return call_once(*command)
            time.sleep(0.2)
        return call_once(*command)

    with ExitStack() as running:

        def serve(name: str, *command: str) -> Callable[[], None]:
            return running.enter_context(running_program(name, [*command, "-f", "-c", str(configuration)], root / f"{name}.log"))

        monmap = str(root / "monmap")
        call("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v1:127.0.0.1:{mon_port}]", monmap)
        call("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap)
        serve("mon", "ceph-mon", "-i", "a")
        osd = str(uuid4())
        call("ceph", "osd", "new", osd)
        call("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        call("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=h")
        check_osd = serve("osd", "ceph-osd", "-i", "0")
        wait_until(lambda: "1 up" in call("ceph", "osd", "stat"), check_osd)
        check_gateway = serve("rgw", "radosgw", "-n", "client.rgw")
        endpoint = f"http://127.0.0.1:{s3_port}"
        wait_until(lambda: answers(endpoint), check_gateway)
        call(
            "radosgw-admin",
            "user",
            "create",
            "--uid=test",
            "--display-name=test",
            f"--access-key={ACCESS_KEY}",
            f"--secret-key={SECRET_KEY}",
        )
        yield CephServer(endpoint, ACCESS_KEY, SECRET_KEY, admin=lambda *arguments: call("radosgw-admin", *arguments))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ceph-") as root, run_ceph(Path(root)) as server:
        bucket = server.new_bucket().bucket
        print(f"export CLOUDRU_S3_ENDPOINT={server.endpoint} CLOUDRU_S3_BUCKET={bucket}")
        print(f"export CLOUDRU_S3_ACCESS_KEY={server.access_key} CLOUDRU_S3_SECRET_KEY={server.secret_key}", flush=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
