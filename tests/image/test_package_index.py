"""How a build is lent this machine's way to the package index."""

from __future__ import annotations

from pathlib import Path

import pytest
from image.package_index import configured, moved

LISTING = """\
:env:.index-url='https://environment.invalid/simple'
:env:.no-cache-dir='1'
global.cert='/etc/ca.crt'
global.index-url='https://file.invalid/simple'
install.find-links='/wheels /more'
install.upgrade='true'
"""


def test_only_what_leads_to_packages_is_lent_and_the_environment_wins() -> None:
    assert configured(LISTING) == {
        "cert": "/etc/ca.crt",
        "index-url": "https://environment.invalid/simple",
        "find-links": "/wheels /more",
    }


def test_address_elsewhere_stays() -> None:
    assert moved("extra-index-url", "https://index.invalid/simple", iter([0])) == ("https://index.invalid/simple", None)


def test_index_in_a_folder_is_mounted_with_the_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "simple").mkdir()
    assert moved("index-url", f"file://{tmp_path}/simple", iter([2])) == ("file:///srv/pip/2/simple", (tmp_path, Path("/srv/pip/2")))


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_folder_of_wheels_is_mounted_by_itself(tmp_path: Path, form: str) -> None:
    assert moved("find-links", form.format(tmp_path), iter([0])) == ("/srv/pip/0", (tmp_path, Path("/srv/pip/0")))


def test_folder_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    assert moved("find-links", str(tmp_path / "absent"), iter([0])) == ("", None)
