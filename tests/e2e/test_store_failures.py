"""A store that fails in every way it can: the daemon stays up, says what to mend, asks seldom, loses nothing and goes on by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from bucket import Bucket
from servers.canned import reply
from servers.ceph import CephServer
from servers.daemon import Daemon, running, s3_environment
from servers.proxy import Exchange, Proxy, run_proxy

from watcher.storage.s3 import S3Config, S3Store

SAMPLE = Path(__file__).parents[2] / "samples" / "russian-page.png"
QUICK = {
    "WATCHER_OCR__ENGINE": "fake",
    "WATCHER_STORAGE__ATTEMPTS": "2",
    "WATCHER_STORAGE__SILENT_SECONDS": "2",
    "WATCHER_STORAGE__PAUSE_MAX_SECONDS": "1",
    "WATCHER_CLAIMS__LEASE_SECONDS": "3",
    "WATCHER_CLAIMS__BACKOFF_SECONDS": "1",
    "WATCHER_CLAIMS__BACKOFF_MAX_SECONDS": "2",
}
PAGE = "<html><head><title>Log in</title></head><body>to the network</body></html>"
HTML = {"Content_Type": "text/html"}


@dataclass(frozen=True)
class Watched:
    """A daemon that reaches the bucket through a proxy."""

    daemon: Daemon
    proxy: Proxy
    bucket: Bucket
    asked: list[Exchange]

    def health(self) -> dict[str, Any]:
        status, body = self.daemon.get("/health")
        assert status == 200, "a restart mends no store"
        health: dict[str, Any] = json.loads(body)
        return health

    def wait_for_cause(self, cause: str) -> dict[str, Any]:
        def told() -> dict[str, Any] | None:
            health = self.health()
            return health if health.get("store_cause") == cause else None

        health: dict[str, Any] = self.daemon.wait_for(told)
        self.daemon.wait_for(lambda: cause in [event.get("cause") for event in self.daemon.events()])
        return health

    def drop(self, name: str) -> None:
        self.bucket.store.put(f"incoming/{name}", SAMPLE, "image/png")

    def wait_until_read(self) -> None:
        self.daemon.wait_for(lambda: self.bucket.manifests() and not self.bucket.keys("incoming/"))
        self.bucket.check_finished()
        assert self.health()["store"] == "reachable"


@pytest.fixture(scope="module")
def watched(ceph: CephServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    config = ceph.new_user().new_bucket()  # the common secret is a word of our sentences, which the log would redact
    asked: list[Exchange] = []
    with run_proxy("proxy", ceph.endpoint, asked.append, 1) as proxy, ExitStack() as stack:
        changes = {**s3_environment(replace(config, endpoint=proxy.endpoint)), **QUICK}
        daemon = stack.enter_context(running(tmp_path_factory.mktemp("daemon") / "log", **changes))
        daemon.wait_for_event("store_probed")
        yield Watched(daemon, proxy, Bucket(S3Store(config)), asked)
        assert daemon.end() == 0
        assert daemon.events("internal_error") == []


@pytest.mark.parametrize(
    ("answer", "cause", "setting"),
    [
        (reply(403, code="SignatureDoesNotMatch"), "wrong_secret", "CLOUDRU_S3_SECRET_KEY"),
        (reply(403, code="InvalidAccessKeyId"), "unknown_access_key", "CLOUDRU_S3_ACCESS_KEY"),
        (reply(403, code="RequestTimeTooSkewed"), "wrong_clock", "clock"),
        (reply(403, code="AccessDenied"), "no_rights", "CLOUDRU_S3_ACCESS_KEY"),
        (reply(404, code="NoSuchBucket"), "no_such_bucket", "CLOUDRU_S3_BUCKET"),
        (reply(400, code="AuthorizationHeaderMalformed"), "wrong_region", "WATCHER_STORAGE__REGION"),
        (reply(301, code="PermanentRedirect"), "wrong_endpoint", "CLOUDRU_S3_ENDPOINT"),
        (reply(302, PAGE, Location="http://127.0.0.1:1/", **HTML), "wrong_endpoint", "CLOUDRU_S3_ENDPOINT"),
        (reply(200, PAGE, **HTML), "not_s3", "CLOUDRU_S3_ENDPOINT"),
        (reply(502, PAGE, **HTML), "not_s3", "HTTPS_PROXY"),
        (reply(503, code="SlowDown"), "throttled", "watch.documents"),
        (reply(429), "throttled", "watch.documents"),
        (reply(503), "store_failing", "provider"),
        (reply(507), "store_full", "CLOUDRU_S3_BUCKET"),
        (b"not HTTP at all\r\n\r\n", "broken_answer", "network"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_it_answers(watched: Watched, answer: bytes, cause: str, setting: str) -> None:
    watched.proxy.answer = answer
    watched.drop("page.png")
    health = watched.wait_for_cause(cause)
    assert health["store"] == "unreachable"
    assert setting in health["reason"]
    assert watched.daemon.get("/ready")[0] == 503
    assert watched.bucket.keys("incoming/") == ["incoming/page.png"]
    watched.proxy.answer = b""
    watched.wait_until_read()


def test_it_never_answers(watched: Watched) -> None:
    watched.proxy.cut_off.set()
    watched.drop("page.png")
    health = watched.wait_for_cause("no_answer")
    assert (health["store"], "storage.read_seconds" in health["reason"]) == ("unreachable", True)
    assert watched.daemon.events("store_unreachable")[-1]["failures"] == 0  # told before the client's own time-outs
    watched.proxy.cut_off.clear()
    watched.drop("page.png")
    watched.daemon.wait_for(lambda: watched.health()["store"] == "reachable", seconds=150)


def test_the_log_tells_of_each_outage_once_and_of_its_end(watched: Watched) -> None:
    watched.daemon.wait_for(lambda: watched.daemon.events("store_recovered"))
    before = len(watched.daemon.events("store_unreachable"))
    ended = len(watched.daemon.events("store_recovered"))
    watched.proxy.answer = reply(403, code="SignatureDoesNotMatch")
    since = len(watched.asked)
    watched.daemon.wait_for(lambda: len(watched.asked) >= since + 10)
    assert len(watched.daemon.events("store_unreachable")) == before + 1
    watched.proxy.answer = b""
    watched.daemon.wait_for(lambda: len(watched.daemon.events("store_recovered")) == ended + 1)
    assert len(watched.daemon.events("store_unreachable")) == before + 1


@dataclass(frozen=True)
class Owned:
    """A bucket of a user whom the test may change on the server, with a document in its inbox."""

    user: CephServer
    config: S3Config

    def __post_init__(self) -> None:
        self.bucket.store.put("incoming/page.png", SAMPLE, "image/png")

    @property
    def bucket(self) -> Bucket:
        return Bucket(S3Store(self.config))

    def deny(self, action: str, prefix: str) -> None:
        statement = {"Effect": "Deny", "Principal": "*", "Action": [action], "Resource": [f"arn:aws:s3:::{self.config.bucket}/{prefix}*"]}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.user.client.put_bucket_policy(Bucket=self.config.bucket, Policy=json.dumps(policy))

    def allow(self) -> None:
        self.user.client.delete_bucket_policy(Bucket=self.config.bucket)

    def read_by(self, log: Path, break_it: Callable[[], object], mend: Callable[[], object], cause: str, **changes: str) -> dict[str, Any]:
        """What /health says between the two; the document is read in the end."""
        break_it()
        with running(log, **{**s3_environment(self.config), **QUICK, **changes}) as daemon:
            health: dict[str, Any] = daemon.wait_for(
                lambda: (told := json.loads(daemon.get("/health")[1])).get("store_cause") == cause and told
            )
            daemon.wait_for(lambda: cause in [event.get("cause") for event in daemon.events()])
            mend()
            daemon.wait_for(lambda: self.bucket.manifests() and not self.bucket.keys("incoming/"), 90)
            daemon.wait_for_event("store_recovered")
            assert daemon.end() == 0
        self.bucket.check_finished()
        self.bucket.check_closed()
        return health


@pytest.fixture
def owned(ceph: CephServer) -> Owned:
    user = ceph.new_user()
    return Owned(user, user.new_bucket())


def test_a_wrong_secret_until_the_server_takes_it(owned: Owned, tmp_path: Path) -> None:
    key = ("key", "create", f"--uid={owned.user.uid}", "--key-type=s3", f"--access-key={owned.user.access_key}")
    health = owned.read_by(
        tmp_path / "log",
        lambda: owned.user.admin(*key, "--secret-key=another"),
        lambda: owned.user.admin(*key, f"--secret-key={owned.user.secret_key}"),
        "wrong_secret",
    )
    assert health["store"] == "unreachable"


def test_an_unknown_access_key_until_the_server_knows_it(owned: Owned, tmp_path: Path) -> None:
    key = (f"--uid={owned.user.uid}", "--key-type=s3", f"--access-key={owned.user.access_key}")
    owned.read_by(
        tmp_path / "log",
        lambda: owned.user.admin("key", "rm", *key),
        lambda: owned.user.admin("key", "create", *key, f"--secret-key={owned.user.secret_key}"),
        "unknown_access_key",
    )


def test_a_bucket_that_is_made_later(ceph: CephServer, tmp_path: Path) -> None:
    config = replace(ceph.new_user().new_bucket(), bucket="made-later")
    user = ceph.new_user()
    config = replace(config, access_key=user.access_key, secret_key=user.secret_key, bucket=f"made-later-{user.uid}")
    with running(tmp_path / "log", **{**s3_environment(config), **QUICK}) as daemon:
        daemon.wait_for(lambda: "no_such_bucket" in [event.get("cause") for event in daemon.events()])
        user.client.create_bucket(Bucket=config.bucket)
        Owned(user, config)
        bucket = Bucket(S3Store(config))
        daemon.wait_for(lambda: bucket.manifests() and not bucket.keys("incoming/"))
        assert daemon.end() == 0


def test_a_full_bucket_until_there_is_room(owned: Owned, tmp_path: Path) -> None:
    scope = ("--quota-scope=bucket", f"--bucket={owned.config.bucket}")

    def fill() -> None:
        owned.user.admin("quota", "set", *scope, "--max-objects=1")
        owned.user.admin("quota", "enable", *scope)

    health = owned.read_by(tmp_path / "log", fill, lambda: owned.user.admin("quota", "disable", *scope), "store_full")
    assert health["store"] == "restricted"
    assert "quota" in health["reason"]


@pytest.mark.parametrize(
    ("action", "prefix"), [("s3:PutObject", "claims/"), ("s3:PutObject", "processed/"), ("s3:DeleteObject", "incoming/")]
)
def test_a_prefix_that_may_not_be_changed_until_it_may(owned: Owned, tmp_path: Path, action: str, prefix: str) -> None:
    health = owned.read_by(tmp_path / "log", lambda: owned.deny(action, prefix), owned.allow, "no_rights")
    assert health["store"] == "restricted"
    assert prefix in health["reason"]


def test_failed_documents_wait_where_failed_may_not_be_written_and_others_are_read(owned: Owned, tmp_path: Path) -> None:
    owned.deny("s3:PutObject", "failed/")
    owned.bucket.store.put("incoming/broken.pdf", b"%PDF-1.4 broken", "application/pdf")
    with running(tmp_path / "log", **{**s3_environment(owned.config), **QUICK}) as daemon:
        daemon.wait_for(lambda: owned.bucket.keys("incoming/") == ["incoming/broken.pdf"])
        daemon.wait_for_event("store_restricted")
        owned.bucket.store.put("incoming/another.png", SAMPLE, "image/png")
        daemon.wait_for(lambda: owned.bucket.keys("incoming/") == ["incoming/broken.pdf"])
        owned.allow()
        daemon.wait_for(lambda: owned.bucket.errors())
        assert daemon.end() == 0
    assert owned.bucket.errors()["incoming/broken.pdf"].message_ru
