"""The whole of it: a server, replicas behind proxies, a person, fates and faults for a while, then calm, one clean drain and the verdict."""

from __future__ import annotations

import json
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bucket import Bucket
from chaos.papers import MOST_PAGES
from chaos.person import Person
from chaos.replicas import Replica
from chaos.verdict import Verdict, judge
from chaos.witness import Listings, Repeats, Wire
from servers.daemon import command, s3_environment
from servers.proxy import run_proxy
from servers.s3_server import S3Server
from servers.weather import CALM, Fault, Weather

from watcher.domain.exits import OK, SOME_FAILED
from watcher.storage.s3 import S3Config, S3Store

Event = dict[str, Any]
"""One line of a log."""

REPLICAS = 4
LEASE_SECONDS = 3.0
SILENCE_SECONDS = 1.3 * LEASE_SECONDS
FATE_SECONDS = 4.0  # of a replica's work between two fates
SCRATCH = "scratch"
LOOK_SECONDS = 2.0
DRAIN_SECONDS = 600.0
MORE_SHARE = 0.5  # deeds of the person while it lasts, for each document dropped before
CONDITIONS_IGNORED = " (the server ignores conditions where it keeps versions: counted, not a breach)"
SHOWN = 40  # breaches
BUSY_SHARE = 0.2  # of all time, replicas spend about so much on reading: the rest goes to faults

STORM = Weather(
    rates={
        Fault.SLOW_DOWN: 0.01,
        Fault.RESET_REQUEST: 0.005,
        Fault.RESET_ANSWER: 0.005,
        Fault.LOST_ANSWER: 0.01,
        Fault.BLACK_HOLE: 0.003,
        Fault.LATE: 0.005,
    },
    latency_seconds=0.001,
    jitter_seconds=0.02,
    late_seconds=2 * LEASE_SECONDS,
)

SETTINGS = {
    "WATCHER_OCR__ENGINE": "fake",
    "WATCHER_OCR__BATCH_PAGES": "2",
    "WATCHER_RENDER__DPI": "72",
    "WATCHER_WATCH__DOCUMENTS": "2",
    "WATCHER_WATCH__POLL_SECONDS": "0.5",
    "WATCHER_WATCH__SWEEP_SECONDS": "5",
    "WATCHER_WATCH__GRACE_SECONDS": "1",
    "WATCHER_CLAIMS__LEASE_SECONDS": f"{LEASE_SECONDS}",
    # kills count as attempts, and here they are many: what fails all the same failed for a reason
    "WATCHER_CLAIMS__MAX_ATTEMPTS": "100",
    "WATCHER_CLAIMS__BACKOFF_SECONDS": "0.2",
    "WATCHER_CLAIMS__BACKOFF_MAX_SECONDS": "1",
    "WATCHER_STORAGE__CONNECT_SECONDS": "1",
    "WATCHER_STORAGE__READ_SECONDS": "2",
}


@dataclass(frozen=True)
class Plan:
    """`documents` are dropped before the replicas start; more are dropped, replaced and deleted in the `seconds` of faults."""

    seconds: float
    documents: int
    seed: int
    versioned: bool


@dataclass(frozen=True)
class Report:
    """`broken` names every breach, of the promises or of the daemon's manners."""

    plan: Plan
    deeds: Counter[str]
    fates: Counter[str]
    faults: Counter[str]
    modes: Counter[str]
    takeovers: int
    ends: Counter[str]
    pages_begun: Repeats
    pages_read: Repeats
    unfinished_at_calm: int
    verdict: Verdict
    broken: tuple[str, ...]

    def __str__(self) -> str:
        verdict = self.verdict
        bucket = "keeps versions" if self.plan.versioned else "keeps no versions"
        rows = {
            "plan": f"{REPLICAS} replicas, {self.plan.seconds:g} s of faults, seed {self.plan.seed}, the bucket {bucket}",
            "documents": f"{sum(self.deeds.values()) - self.deeds['deleted']} versions: {_counted(self.deeds)}",
            "fates of replicas": _counted(self.fates),
            "faults of requests": _counted(self.faults),
            "probed at starts": _counted(self.modes),
            "takeovers": str(self.takeovers),
            "ends of attempts": _counted(self.ends),
            "page reads doubled": f"{self.pages_read.again} of {self.pages_read.times}; begun again: {self.pages_begun.again} of {self.pages_begun.times}",
            "left for the drain": str(self.unfinished_at_calm),
            "finished, failed": f"{verdict.finished}, {verdict.failed} ({verdict.outputs} outputs, {verdict.logs} closed logs)",
            "lost": f"{len(verdict.lost)}, and {len(verdict.removed_in_passing)} in the admitted gap of a bucket without versions",
            "doubled": f"{len(verdict.doubled)} manifests, {len(verdict.rewritten)} other results{'' if verdict.write_once else CONDITIONS_IGNORED}",
            "broken": "\n".join([str(len(self.broken)), *self.broken[:SHOWN]]),
        }
        return "\n".join(f"{name + ':':20} {text}" for name, text in rows.items())


def rampage(server: S3Server, plan: Plan, folder: Path) -> Report:
    """Keeps the daemons' logs in `folder`."""
    config = server.new_bucket(versioned=plan.versioned)
    store = S3Store(config)
    wire, listings = Wire(), Listings(store)
    person = Person(server.client, config.bucket, plan.seed, wire.in_progress)
    for _ in range(plan.documents):
        person.drop()
    with ExitStack() as stack:
        replicas = [stack.enter_context(_replica(number, config, wire, plan, folder)) for number in range(1, REPLICAS + 1)]
        _storm(replicas, person, listings, plan)
        for replica in replicas:
            replica.proxy.weather = CALM
            replica.stop()
        left = len(Bucket(store).keys("incoming/"))
        environment = {**replicas[0].environment, "WATCHER_OCR__FAKE_PAGE_SECONDS": "0"}
        drained = command("run", "--drain", seconds=DRAIN_SECONDS, **environment)
        (folder / "drain.log").write_text(drained.stderr, encoding="utf-8")
    listings.look()
    verdict = judge(Bucket(store), person.deeds, wire, versioned=plan.versioned)
    events = [event for log in sorted(folder.glob("*.log")) for event in _events(log)]
    broken = [*verdict.broken, *_bad_manners(plan, events, replicas, drained, folder)]
    if verdict.write_once:
        broken += [f"changed between two listings: {key}" for key in listings.changed]
    return Report(
        plan=plan,
        deeds=Counter(deed.what for deed in person.deeds),
        fates=sum((replica.fates for replica in replicas), Counter()),
        faults=Counter(fault.value for replica in replicas for fault in replica.proxy.counts.elements()),
        modes=_modes(events),
        ends=Counter(event["outcome"] for event in events if event["event"] == "document_ended"),
        takeovers=sum(bool(event.get("taken_over")) for event in events),
        pages_begun=wire.pages_begun(),
        pages_read=wire.pages_read(),
        unfinished_at_calm=left,
        verdict=verdict,
        broken=tuple(broken),
    )


def _storm(replicas: list[Replica], person: Person, listings: Listings, plan: Plan) -> None:
    """Everything at once, for the plan's time. When it returns all replicas run, and nothing is in their way but the weather."""
    stop = threading.Event()
    for replica in replicas:
        replica.start()
        replica.proxy.weather = STORM
    with ThreadPoolExecutor(len(replicas) + 1) as threads:
        others = [threads.submit(replica.live, FATE_SECONDS, stop) for replica in replicas]
        others.append(threads.submit(listings.keep_looking, LOOK_SECONDS, stop))
        try:
            person.keep_at_it(int(MORE_SHARE * plan.documents), plan.seconds, stop)
        finally:
            stop.set()
        for one in others:
            one.result()


@contextmanager
def _replica(number: int, config: S3Config, wire: Wire, plan: Plan, folder: Path) -> Iterator[Replica]:
    name = f"replica-{number}"
    pages = plan.documents * (1 + MORE_SHARE / 2) * MOST_PAGES / 2
    with run_proxy(name, config.endpoint, wire.note, plan.seed + number) as proxy:
        environment = {
            **s3_environment(config),
            **SETTINGS,
            "CLOUDRU_S3_ENDPOINT": proxy.endpoint,
            "WATCHER_WATCH__REPLICA": name,
            "WATCHER_WATCH__SCRATCH": str(folder / SCRATCH),
            # the work lasts about as long as the faults
            "WATCHER_OCR__FAKE_PAGE_SECONDS": f"{BUSY_SHARE * plan.seconds * REPLICAS / pages:.3f}",
        }
        dice = random.Random(f"{name} {plan.seed}")
        replica = Replica(number, proxy, environment, folder, SILENCE_SECONDS, dice)
        try:
            yield replica
        finally:
            replica.close()


def _bad_manners(
    plan: Plan, events: Sequence[Event], replicas: Sequence[Replica], drained: subprocess.CompletedProcess[str], folder: Path
) -> Iterator[str]:
    """What a daemon should not do even where it breaks no promise."""
    for replica in replicas:
        yield from replica.faults
        yield from replica.proxy.defects
    for event in events:
        if event["event"] == "internal_error" or "exception" in event:
            yield f"{event['event']} in a log: {event}"
    if _modes(events).keys() != {"bids" if plan.versioned else "conditional"}:
        yield f"faults misled the probe: {_counted(_modes(events))}"
    if drained.returncode not in (OK, SOME_FAILED):
        yield f"the drain ended with {drained.returncode}: {drained.stderr[-1000:]}"
    for left in (folder / SCRATCH).iterdir():
        yield f"left on the scratch disk: {left.name}"


def _modes(events: Sequence[Event]) -> Counter[str]:
    return Counter(str(event["claim_mode"]) for event in events if event["event"] == "store_probed")


def _events(log: Path) -> Iterator[Event]:
    """A line that a kill cut off is passed over; a traceback outside JSON is an event of its own."""
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except ValueError:
                continue
        elif line.startswith("Traceback"):
            yield {"event": "traceback", "exception": line, "log": log.name}


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"
