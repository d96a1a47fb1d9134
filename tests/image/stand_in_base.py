"""Makes the image that stands in for the real base (`base.Dockerfile`), from Debian's packages and the package index, as this machine has them."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from image.buildah import Buildah
from image.package_index import PackageIndex

FOLDER = Path(__file__).parent
STAND_INS = FOLDER.parent / "paddle" / "stand_ins"
VERSIONS = FOLDER.parent / "paddle" / "requirements-3.3.txt"
PACKAGES = (
    "ca-certificates",
    "libgl1",  # OpenCV's build that PaddleX wants
    "libglib2.0-bin",  # brings the library of the same name, whose package is named differently from release to release
    "libgomp1",  # PaddlePaddle's
    "python3",
    "python3-venv",
)
_LEFTOVERS = ("etc/apt/sources.list", "etc/hostname", "var/cache/apt", "var/lib/apt/lists")
_SECONDS = 900


class DebianError(Exception):
    """The text says what is missing, or ends with what debootstrap said."""


def recipe() -> str:
    """A name for what the base is made of: another recipe, another name."""
    files = (FOLDER / "base.Dockerfile", VERSIONS, *sorted(STAND_INS.glob("*.py")))
    made_of = [*(path.read_text(encoding="utf-8") for path in files), *PACKAGES, _release()]
    return hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:12]


def make_base(buildah: Buildah, index: PackageIndex, tag: str) -> None:
    """Takes minutes. Raises DebianError or BuildahError."""
    with tempfile.TemporaryDirectory(dir=buildah.folder, prefix="base-") as made:
        context = Path(made)
        _debian(context / "rootfs", context / "rootfs.tar")
        shutil.copytree(STAND_INS, context / "stand_ins", ignore=shutil.ignore_patterns("__pycache__"))
        without_extras = re.sub(r"\[.*?\]", "", VERSIONS.read_text(encoding="utf-8"))  # which constraints may not have
        (context / "constraints.txt").write_text(without_extras, encoding="utf-8")
        recipe_file = FOLDER / "base.Dockerfile"
        buildah("build", "--format=docker", *index.options, f"--tag={tag}", f"--file={recipe_file}", context, seconds=_SECONDS)


def _release() -> str:
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")


def _debian(root: Path, archive: Path) -> None:
    """This machine's own release, from the mirror that its apt is set up with."""
    form = "$(REPO_URI) $(COMPONENT)"
    wanted = ["Created-By: Packages", f"Codename: {_release()}", f"Architecture: {_apt('dpkg', '--print-architecture')}"]
    sources = [line.split() for line in _apt("apt-get", "indextargets", "--format", form, *wanted).splitlines()]
    if not sources:
        raise DebianError(f"apt has no source of packages for {_release() or 'this system'}")
    mirror = sources[0][0]
    components = ",".join(dict.fromkeys(component for address, component in sources if address == mirror))
    proxy = _apt("apt-config", "shell", "proxy", "Acquire::http::Proxy").removeprefix("proxy=").strip("'")
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--components={components}", f"--include={','.join(PACKAGES)}", _release(), root, mirror],
        env={**os.environ, **({"http_proxy": proxy} if proxy else {})},
        capture_output=True, text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        raise DebianError(f"debootstrap: {(done.stdout + done.stderr)[-2000:]}")
    for name in _LEFTOVERS:
        left = root / name
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink(missing_ok=True)
    # a container's are mounted there
    for name in ("etc/hosts", "etc/resolv.conf"):
        (root / name).write_text("", encoding="utf-8")
    subprocess.run(["tar", "--directory", root, "--create", "--file", archive, "."], check=True, timeout=_SECONDS)
    shutil.rmtree(root)


def _apt(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
