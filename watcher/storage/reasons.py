"""Why a store does not do what it is asked: a stable word for each cause, and the sentence that says what to mend.

No sentence names a bucket, an address, a folder or a key: they stand in /health too, which anybody may ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reason(str, Enum):
    """Words never change their meaning: people's alerts compare them."""

    NAME_NOT_RESOLVED = "name_not_resolved"
    NO_CONNECTION = "no_connection"
    NO_SECURE_CONNECTION = "no_secure_connection"
    PROXY_REFUSES = "proxy_refuses"
    NO_ANSWER = "no_answer"
    BROKEN_ANSWER = "broken_answer"
    NOT_S3 = "not_s3"
    UNKNOWN_ACCESS_KEY = "unknown_access_key"
    WRONG_SECRET = "wrong_secret"  # noqa: S105 - a word, not a secret
    WRONG_CLOCK = "wrong_clock"
    WRONG_REGION = "wrong_region"
    WRONG_ENDPOINT = "wrong_endpoint"
    NO_SUCH_BUCKET = "no_such_bucket"
    BAD_BUCKET_NAME = "bad_bucket_name"
    NO_RIGHTS = "no_rights"
    REFUSED = "refused"
    STORE_FULL = "store_full"
    THROTTLED = "throttled"
    STORE_FAILING = "store_failing"
    OBJECT_TOO_LARGE = "object_too_large"
    FOLDER_DENIED = "folder_denied"
    FOLDER_READ_ONLY = "folder_read_only"
    FOLDER_FULL = "folder_full"
    FOLDER_MISPLACED = "folder_misplaced"
    FOLDER_FAILING = "folder_failing"


class Reach(Enum):
    """What a cause concerns, and so what shows that it is mended."""

    STORE = "store"  # every request: any answer shows it
    KIND = "kind"  # requests of a kind, such as writing results: only the next one of that kind shows it
    OBJECT = "object"  # one object: the store is well


@dataclass(frozen=True)
class ReasonInfo:
    """`passing` causes come and go by themselves in a busy store: one alone is no news."""

    sentence: str
    reach: Reach = Reach.STORE
    passing: bool = False


REASONS: dict[Reason, ReasonInfo] = {
    Reason.NAME_NOT_RESOLVED: ReasonInfo(
        "the store's address cannot be found: check the spelling of CLOUDRU_S3_ENDPOINT, and this machine's DNS", passing=True
    ),
    Reason.NO_CONNECTION: ReasonInfo(
        "cannot connect to the store: is the network up, and the address and port in CLOUDRU_S3_ENDPOINT right?", passing=True
    ),
    Reason.NO_SECURE_CONNECTION: ReasonInfo(
        "no secure connection to the store: check that CLOUDRU_S3_ENDPOINT is the address on its certificate and that https is right,"
        " this machine's clock, and that the certificate's issuer is trusted here (AWS_CA_BUNDLE names a file of issuers)"
    ),
    Reason.PROXY_REFUSES: ReasonInfo(
        "the proxy on the way to the store does not let us through: check HTTPS_PROXY, HTTP_PROXY and NO_PROXY", passing=True
    ),
    Reason.NO_ANSWER: ReasonInfo(
        "the store takes connections but does not answer in time: look whether it is well; storage.read_seconds is how long is waited",
        passing=True,
    ),
    Reason.BROKEN_ANSWER: ReasonInfo(
        "the store's answers break off or lack what they must have: look at the network and at proxies on the way", passing=True
    ),
    Reason.NOT_S3: ReasonInfo(
        "what answers is no S3 store but a web page (a proxy, a login page, a console?): check CLOUDRU_S3_ENDPOINT, HTTPS_PROXY and NO_PROXY",
        passing=True,
    ),
    Reason.UNKNOWN_ACCESS_KEY: ReasonInfo(
        "the store does not know the access key: check CLOUDRU_S3_ACCESS_KEY (its form is tenant_id:key_id)"
    ),
    Reason.WRONG_SECRET: ReasonInfo(
        "the store does not take the secret key: check CLOUDRU_S3_SECRET_KEY, and that CLOUDRU_S3_ACCESS_KEY is its pair"
    ),
    Reason.WRONG_CLOCK: ReasonInfo(
        "this machine's clock differs too much from the store's: set the machine's clock, best by time synchronisation (NTP)"
    ),
    Reason.WRONG_REGION: ReasonInfo("the store does not take the region: check WATCHER_STORAGE__REGION and CLOUDRU_S3_ENDPOINT"),
    Reason.WRONG_ENDPOINT: ReasonInfo(
        "the bucket does not live at this address: check CLOUDRU_S3_ENDPOINT, CLOUDRU_S3_BUCKET and WATCHER_STORAGE__REGION"
    ),
    Reason.NO_SUCH_BUCKET: ReasonInfo("there is no such bucket: check CLOUDRU_S3_BUCKET and CLOUDRU_S3_ENDPOINT, or create the bucket"),
    Reason.BAD_BUCKET_NAME: ReasonInfo("no bucket can have this name: check CLOUDRU_S3_BUCKET"),
    Reason.NO_RIGHTS: ReasonInfo(
        "no rights: check CLOUDRU_S3_BUCKET, and that the owner of CLOUDRU_S3_ACCESS_KEY may list, read, write and delete in the bucket",
        Reach.KIND,
    ),
    Reason.REFUSED: ReasonInfo(
        "the store refuses the request: check CLOUDRU_S3_ENDPOINT, CLOUDRU_S3_BUCKET, CLOUDRU_S3_ACCESS_KEY, CLOUDRU_S3_SECRET_KEY,"
        " WATCHER_STORAGE__REGION and this machine's clock; the log has its answer",
        Reach.KIND,
    ),
    Reason.STORE_FULL: ReasonInfo(
        "the store has no room: the quota of CLOUDRU_S3_BUCKET or of its owner is used up; raise it or remove objects", Reach.KIND
    ),
    Reason.THROTTLED: ReasonInfo(
        "the store asks us to slow down: raise the request limit of CLOUDRU_S3_BUCKET's owner, or lower watch.documents and"
        " storage.connections, or run fewer replicas",
        Reach.KIND,
        passing=True,
    ),
    Reason.STORE_FAILING: ReasonInfo(
        "the store answers with errors of its own: look at the provider's status page; nothing here needs to be mended",
        Reach.KIND,
        passing=True,
    ),
    Reason.OBJECT_TOO_LARGE: ReasonInfo(
        "the object is larger than the store takes in one request: split the document, and lower limits.file_bytes", Reach.OBJECT
    ),
    Reason.FOLDER_DENIED: ReasonInfo(
        "no permission in storage.folder: let the user that the daemon runs as read and write it and all below it", Reach.KIND
    ),
    Reason.FOLDER_READ_ONLY: ReasonInfo("storage.folder is read-only: mount it writable, or choose another", Reach.KIND),
    Reason.FOLDER_FULL: ReasonInfo("no space left for storage.folder: free some, or choose a larger disk", Reach.KIND),
    Reason.FOLDER_MISPLACED: ReasonInfo(
        "storage.folder cannot be used as it stands: it must be a folder on a local disk, with no part of it a file, behind a link or on"
        " another filesystem",
        Reach.KIND,
    ),
    Reason.FOLDER_FAILING: ReasonInfo("the disk of storage.folder does not work: look at the system's log", Reach.KIND),
}
