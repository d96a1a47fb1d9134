"""One-node OpenStack Swift with its S3 API, on loopback: the store that lets several of racing conditional PUTs win.

Swift 2.38 answers 412 to `If-None-Match: *` where the object stands already, but looks and stores in two steps. It runs from a virtual
environment of its own, which `scripts/swift.sh` makes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from servers.programs import START_SECONDS, ServerError, answers, running_program, wait_until
from servers.s3_server import S3Server, free_port

PYTHON = Path(__file__).parents[2] / "build" / "swift" / "bin" / "python"
ACCESS_KEY, SECRET_KEY = "tenant:key", "secret"
BACKENDS = {"account": "account", "container": "container", "object": "obj"}  # and the module of each

SWIFT_CONF = """
[swift-hash]
swift_hash_path_prefix = tests
swift_hash_path_suffix = tests
[storage-policy:0]
name = only
default = yes
"""

SERVER_CONF = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {root}
workers = 0
log_level = WARNING
user = {user}
"""

BACKEND_CONF = """
devices = {root}/devices
mount_check = false
fallocate_reserve = 0
disable_fallocate = true
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""

PROXY_CONF = """
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:s3api]
use = egg:swift#s3api
location = ru-central-1
check_bucket_owner = false
[filter:tempauth]
use = egg:swift#tempauth
user_tenant_key = {secret} .admin
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
"""
PLAIN_FILTERS = ("catch_errors", "gatekeeper", "healthcheck", "listing_formats", "bulk", "copy", "slo", "dlo", "symlink")

MAKE_RINGS = """
import sys
from swift.common.ring import RingBuilder
for name, port in zip(("account", "container", "object"), map(int, sys.argv[2:])):
    builder = RingBuilder(4, 1, 1)
    builder.add_dev(dict(region=1, zone=1, ip="127.0.0.1", port=port, device="one", weight=1.0))
    builder.rebalance()
    builder.get_ring().save(f"{sys.argv[1]}/{name}.ring.gz")
"""

SERVE = """
import importlib, sys
import swift.common.utils
swift.common.utils.SWIFT_CONF_FILE = sys.argv[3]
sys.argv = sys.argv[1:3]
sys.exit(importlib.import_module(sys.argv[0]).main())
"""
"""Swift's own programs read /etc/swift/swift.conf and nothing else."""


@contextmanager
def run_swift(root: Path) -> Iterator[S3Server]:
    """Keeps everything in the existing, empty folder `root`."""
    (root / "devices" / "one").mkdir(parents=True)
    swift_conf = root / "swift.conf"
    swift_conf.write_text(SWIFT_CONF)
    ports = {name: free_port() for name in (*BACKENDS, "proxy")}
    rings = [PYTHON, "-c", MAKE_RINGS, root, *(str(ports[name]) for name in BACKENDS)]
    made = subprocess.run(rings, capture_output=True, text=True, timeout=START_SECONDS, check=False)
    if made.returncode:
        raise ServerError(f"no rings: {made.stderr[-2000:]}")
    common = {"root": root, "user": root.owner()}
    for name in BACKENDS:
        text = SERVER_CONF.format(port=ports[name], **common) + BACKEND_CONF.format(name=name, **common)
        (root / f"{name}.conf").write_text(text)
    filters = "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in PLAIN_FILTERS)
    (root / "proxy.conf").write_text(SERVER_CONF.format(port=ports["proxy"], **common) + PROXY_CONF.format(secret=SECRET_KEY) + filters)

    with ExitStack() as running:
        checks = []
        for name in (*BACKENDS, "proxy"):
            module = f"swift.{BACKENDS.get(name, name)}.server"
            command = [str(PYTHON), "-c", SERVE, module, str(root / f"{name}.conf"), str(swift_conf)]
            checks.append(running.enter_context(running_program(name, command, root / f"{name}.log")))
        for name in ports:
            wait_until(lambda at=ports[name]: answers(f"http://127.0.0.1:{at}/healthcheck"), *checks)
        yield S3Server(f"http://127.0.0.1:{ports['proxy']}", ACCESS_KEY, SECRET_KEY)
